/** Matrix products. */

import { isSymbolic } from "../ir/symbolic-length.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { reshape } from "./axes.ts";

export interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Multiplies the product. Default 1. */
  readonly scale?: number;
}

/** scale · op(a) op(b) over the last two axes; the axes before them broadcast. */
export function matMul(a: Tensor, b: Tensor, options: ProductOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  return new Tensor(record("matMul", [a.value, b.value], { transposeA, transposeB, scale })[0]!);
}

/**
 * x Wᵀ + bias + residual over the last axis of x.
 *
 * @param x        […, inputs]
 * @param weight   [outputs, inputs], as PyTorch and Hugging Face store it; [inputs, outputs] with `isTransposed`, as GPT-2 does
 * @param bias     [outputs]
 * @param residual […, outputs], added by the same kernel
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  { bias, residual, isTransposed = false }: { bias?: Tensor; residual?: Tensor; isTransposed?: boolean } = {},
): Tensor {
  if (x.shape.slice(0, -1).filter(isSymbolic).length > 1)
    return batchedLinear(x, weight, !isTransposed, bias, residual);
  const outputs = weight.shape[isTransposed ? 1 : 0]!;
  const shape = [...x.shape.slice(0, -1), outputs];
  const rows = reshape(x, [-1, x.shape.at(-1)!]); // [rows, inputs]
  const addend = residual === undefined ? bias : reshape(residual, [-1, outputs]);
  const inputs = addend === undefined ? [rows, weight] : [rows, weight, addend];
  const attributes = { transposeA: false, transposeB: !isTransposed, scale: 1 };
  let y = new Tensor(
    record(
      "gemm",
      inputs.map((input) => input.value),
      attributes,
    )[0]!,
  );
  if (bias !== undefined && residual !== undefined) y = new Tensor(record("add", [y.value, bias.value], {})[0]!);
  return reshape(y, shape);
}

/** Two lengths known only at run time have no product to fold rows into. */
function batchedLinear(x: Tensor, weight: Tensor, transposeB: boolean, bias?: Tensor, residual?: Tensor): Tensor {
  return [bias, residual].reduce<Tensor>(
    (sum, addend) => (addend === undefined ? sum : new Tensor(record("add", [sum.value, addend.value], {})[0]!)),
    matMul(x, weight, { transposeB }),
  );
}
