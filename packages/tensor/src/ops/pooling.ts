/** One vector from the vectors of a sequence. */
import type { Tensor } from "../trace/tensor.ts";
import { expandDimensions, reshape, slice } from "./axes.ts";
import { iota, scalarLike } from "./constants.ts";
import { add, divide, multiply } from "./elementwise.ts";
import { embedding } from "./indexing.ts";
import { sum } from "./reductions.ts";

/** Mean over time where the mask is 1: x [batch, time, width], mask [batch, time] → [batch, width]. */
export function meanPool(x: Tensor, mask: Tensor): Tensor {
  const total = sum(multiply(x, expandDimensions(mask, -1)), { axes: [1] });
  const count = add(sum(mask, { axes: [1], keepDimensions: true }), scalarLike(mask, 1e-9));
  return divide(total, count);
}

/** The first position, as BERT's [CLS]: [batch, time, width] → [batch, width]. */
export function firstPool(x: Tensor): Tensor {
  const [batch, , width] = x.shape as [number, number, number];
  return reshape(slice(x, 1, 0, 1), [batch, width]);
}

/** The given position of each row, as a reward head reads: x [batch, time, width], positions int64 [batch] → [batch, width]. */
export function positionPool(x: Tensor, positions: Tensor): Tensor {
  const [batch, time, width] = x.shape as [number, number, number];
  const rowStarts = multiply(iota(batch), time);
  return embedding(reshape(x, [batch * time, width]), add(rowStarts, positions));
}
