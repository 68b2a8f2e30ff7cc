/** Between one wide vector a token and a narrow one a head. */
import type { Tensor } from "../trace/tensor.ts";
import { reshape, transpose } from "./axes.ts";

/** [batch, time, heads · headDim] → [batch, heads, time, headDim] */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, time, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3]);
}

/** [batch, heads, time, headDim] → [batch, time, heads · headDim] */
export function mergeHeads(x: Tensor): Tensor {
  const [batch, heads, time, headDim] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, time, heads * headDim]);
}
