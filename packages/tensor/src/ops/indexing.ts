/** Looking rows and elements up, and adding to them. */
import { resolveAxis } from "../ir/shape.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { expandDimensions, squeeze } from "./axes.ts";

/**
 * Rows of a table; the gradient is scattered back to them.
 *
 * @param table [rows, …rest]
 * @param ids   int64 […ids], each in [0, rows)
 * @returns     […ids, …rest]
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  return new Tensor(record("gatherRows", [table.value, ids.value], {})[0]!);
}

/** Elements of `data` along `axis` at `indices`, which has data's shape except on that axis. */
export function gatherElements(data: Tensor, indices: Tensor, axis: number): Tensor {
  const at = resolveAxis(axis, data.rank, "gatherElements");
  return new Tensor(record("gatherElements", [data.value, indices.value], { axis: at })[0]!);
}

/**
 * One element of the last axis for each row.
 *
 * @param data […, classes]
 * @param ids  int64 […]
 * @returns    […]
 */
export function pick(data: Tensor, ids: Tensor): Tensor {
  return squeeze(gatherElements(data, expandDimensions(ids, -1), -1), -1);
}
