/** Cross-entropy of the next token, without ever holding all logits. */
import { linearCrossEntropy, meanOverTargets, reshape, type Tensor, type TensorRecord, withScope } from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { parameter } from "./block.ts";
import { headName } from "./weight-names.ts";

export interface LossOptions {
  /** Weight of log²Z (arXiv:2204.02311 §5). Default 0 */
  readonly zLoss?: number;
  /** Rows of logits held at a time. Default 512 */
  readonly chunk?: number;
}

/**
 * @param hidden  [batch, time, width] from `decoder`
 * @param targets int64 [batch, time]: the token after each token (the caller shifts), or `ignoreIndex` (−100) to count nothing
 * @returns       [batch, time] in nats, 0 where ignored
 */
export function nextTokenLosses(
  config: DecoderConfig,
  parameters: TensorRecord,
  hidden: Tensor,
  targets: Tensor,
  options: LossOptions = {},
): Tensor {
  return withScope("loss", () => {
    const rows = reshape(hidden, [-1, config.width]); // [batch · time, width]
    const head = parameter(parameters, headName(config));
    return reshape(linearCrossEntropy(rows, head, reshape(targets, [-1]), options), targets.shape);
  });
}

/** Mean of `nextTokenLosses` over the targets that count; 0 when none does. A scalar, in nats per token. */
export function nextTokenLoss(
  config: DecoderConfig,
  parameters: TensorRecord,
  hidden: Tensor,
  targets: Tensor,
  options: LossOptions = {},
): Tensor {
  const losses = nextTokenLosses(config, parameters, hidden, targets, options);
  return withScope("loss", () => meanOverTargets(losses, targets));
}
