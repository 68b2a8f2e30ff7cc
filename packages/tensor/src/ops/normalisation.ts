/** Softmax and the two layer normalisations, over the last axis. */
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

export function softmax(x: Tensor): Tensor {
  return new Tensor(record("softmax", [x.value], {})[0]!);
}

export function logSoftmax(x: Tensor): Tensor {
  return new Tensor(record("logSoftmax", [x.value], {})[0]!);
}

/**
 * (x − mean) / √(variance + epsilon) · weight + bias.
 *
 * @param weight [width]
 * @param bias   [width]
 * @see Ba et al. 2016, arXiv:1607.06450
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, epsilon: number): Tensor {
  const inputs = bias === undefined ? [x.value, weight.value] : [x.value, weight.value, bias.value];
  return new Tensor(record("layerNorm", inputs, { epsilon })[0]!);
}

/**
 * x / √(mean(x²) + epsilon) · weight.
 *
 * @param weight [width]
 * @see Zhang and Sennrich 2019, arXiv:1910.07467
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return new Tensor(record("rmsNorm", [x.value, weight.value], { epsilon })[0]!);
}
