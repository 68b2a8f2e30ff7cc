/** How the tokens of an optimiser step are cut into what is computed at once. */

import { OptionError } from "../errors.ts";

export interface StepRows {
  /** Sequences computed at once. */
  readonly microBatch: number;
  /** Micro-batches whose gradients are added up for one update. */
  readonly accumulate: number;
}

/** Matrix products are as fast as they get from about here on, and memory still grows. */
const tokensAtOnce = 4096;

/**
 * @param tokens  of one update; rounded to whole rows
 * @param context tokens of a row
 * @param microBatch rows at once; default: as many as hold 4,096 tokens and divide the update evenly
 * @throws {OptionError} if a given micro-batch does not divide the rows of an update
 */
export function stepRows(tokens: number, context: number, microBatch?: number): StepRows {
  const rows = Math.max(1, Math.round(tokens / context));
  if (microBatch === undefined) {
    let largest = Math.min(rows, Math.max(1, Math.floor(tokensAtOnce / context)));
    while (rows % largest !== 0) largest -= 1;
    return { microBatch: largest, accumulate: rows / largest };
  }
  if (rows % microBatch === 0) return { microBatch, accumulate: rows / microBatch };
  const fitting = Math.max(1, Math.round(rows / microBatch)) * microBatch * context;
  throw new OptionError({
    where: "--micro-batch",
    found: `${microBatch} sequences in a batch of ${rows}`,
    expected: "a number that divides the batch",
    fix: `pass --batch ${fitting}, or a micro-batch such as ${stepRows(tokens, context).microBatch}`,
  });
}
