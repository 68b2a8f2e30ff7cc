/** Losses and what policy optimisation reads off the logits. All in nats. */
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { scalarLike } from "./constants.ts";
import { add, cast, equal, exp, logSigmoid, multiply, negate, not, softplus, subtract, where } from "./elementwise.ts";
import { pick } from "./indexing.ts";
import { logSoftmax } from "./normalisation.ts";
import { sum } from "./reductions.ts";

/** Targets with this value count nothing, as in PyTorch. */
export const ignoreIndex = -100;

/**
 * Cross-entropy of a vocabulary head, without ever holding all logits: rows are taken in chunks.
 *
 * @param hidden  [rows, width]
 * @param weight  [vocabulary, width]
 * @param targets int64 [rows]; `ignoreIndex` gives loss 0 and no gradient
 * @param options.zLoss weight of log²Z, which keeps logits from drifting (Chowdhery et al. 2022, arXiv:2204.02311 §5). Default 0
 * @param options.chunk rows at a time. Default 512, the fastest measured
 * @returns loss of each row [rows]
 */
export function linearCrossEntropy(
  hidden: Tensor,
  weight: Tensor,
  targets: Tensor,
  { zLoss = 0, chunk = 512 }: { zLoss?: number; chunk?: number } = {},
): Tensor {
  const isIgnored = equal(targets, ignoreIndex);
  const safeTargets = where(isIgnored, 0, targets);
  const rows = new Tensor(
    record("linearCrossEntropy", [hidden.value, weight.value, safeTargets.value], { chunk, zLoss })[0]!,
  );
  return multiply(rows, cast(not(isIgnored), hidden.type));
}

/**
 * Cross-entropy of given logits.
 *
 * @param logits  […, classes]
 * @param targets int64 […]; `ignoreIndex` gives loss 0 and no gradient
 * @returns       […]
 */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const isIgnored = equal(targets, ignoreIndex);
  const chosen = pick(logSoftmax(logits), where(isIgnored, 0, targets));
  return multiply(negate(chosen), cast(not(isIgnored), logits.type));
}

/** log p of the chosen ids: logits […, classes], ids int64 […] → […]. */
export function chosenLogProbabilities(logits: Tensor, ids: Tensor): Tensor {
  return pick(logSoftmax(logits), ids);
}

/** Entropy of softmax(logits): […, classes] → […]. */
export function entropy(logits: Tensor): Tensor {
  const logProbabilities = logSoftmax(logits);
  return negate(sum(multiply(exp(logProbabilities), logProbabilities), { axes: [-1] }));
}

/** −log σ(chosen − rejected), elementwise: the Bradley–Terry loss of a reward model (arXiv:2203.02155, eq. 1). */
export function pairwiseLoss(chosen: Tensor, rejected: Tensor): Tensor {
  return negate(logSigmoid(subtract(chosen, rejected)));
}

/** Binary cross-entropy of logits against labels in [0, 1], elementwise. */
export function binaryCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  return subtract(softplus(logits), multiply(logits, labels));
}

/** Mean over rows whose target is not `ignoreIndex`, given the per-row losses (already 0 there). */
export function meanOverTargets(losses: Tensor, targets: Tensor): Tensor {
  const counted = cast(not(equal(targets, ignoreIndex)), losses.type);
  const count = add(sum(counted), scalarLike(losses, 1e-9)); // no target at all: 0, not NaN
  return new Tensor(record("divide", [sum(losses).value, count.value], {})[0]!);
}
