/** Held-out loss: a pass over validation batches with the compiled evaluation step. */

import type { Batch } from "../data/batch.ts";
import { bitsPerByte, perplexity } from "../metrics/units.ts";
import type { EvaluationStep } from "./training-step.ts";

export interface HeldOutLoss {
  /** Mean per predicted token, in nats. */
  readonly loss: number;
  /** e to the loss. */
  readonly perplexity: number;
  /** Loss of the whole text in bits over its UTF-8 bytes: comparable between tokenizers. */
  readonly bitsPerByte?: number;
}

/** @param batches at least one predicted token in all */
export async function heldOutLoss(step: EvaluationStep, batches: Iterable<Batch>): Promise<HeldOutLoss> {
  let nats = 0;
  let predicted = 0;
  let bytes = 0;
  for (const batch of batches) {
    nats += await step.run(batch);
    predicted += batch.predicted;
    bytes += batch.bytes;
  }
  const loss = nats / predicted;
  const bits = bitsPerByte(nats, bytes);
  return { loss, perplexity: perplexity(loss), ...(bits !== undefined && { bitsPerByte: bits }) };
}
