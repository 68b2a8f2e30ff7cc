/** Attention biases from what is known of the tokens: 0 where a query may look, a large negative where it may not. */
import type { Tensor } from "../trace/tensor.ts";
import { expandDimensions } from "./axes.ts";
import { scalar } from "./constants.ts";
import { equal, where } from "./elementwise.ts";

/** Large enough to give probability 0, small enough that a row with nothing allowed stays finite. */
export const forbidden = -1e9;

/** Keys that are padding: mask [batch, keyTime], 1 on tokens → [batch, 1, 1, keyTime]. */
export function paddingBias(mask: Tensor): Tensor {
  const isToken = equal(expandDimensions(expandDimensions(mask, 1), 1), 1);
  return where(isToken, scalar(0), scalar(forbidden));
}

/** Keys of another document: ids int64 [batch, time], equal within a document → [batch, 1, time, time]. */
export function documentBias(documents: Tensor): Tensor {
  const queries = expandDimensions(expandDimensions(documents, -1), 1); // [batch, 1, time, 1]
  const keys = expandDimensions(expandDimensions(documents, 1), 1); // [batch, 1, 1, time]
  return where(equal(queries, keys), scalar(0), scalar(forbidden));
}
