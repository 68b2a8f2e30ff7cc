/** T5's relative position bias. */

import type { Tensor } from "../trace/tensor.ts";
import { reshape, transpose } from "./axes.ts";
import { constant } from "./constants.ts";
import { embedding } from "./indexing.ts";

/** The bucket of a distance (key − query): exact when near, logarithmic when far (Raffel et al. 2020, arXiv:1910.10683 §2.1). */
export function relativeBucket(
  distance: number,
  isBidirectional: boolean,
  buckets: number,
  maximumDistance: number,
): number {
  const half = isBidirectional ? buckets / 2 : buckets;
  const offset = isBidirectional && distance > 0 ? half : 0;
  const length = isBidirectional ? Math.abs(distance) : Math.max(0, -distance);
  const exact = Math.floor(half / 2);
  if (length < exact) return offset + length;
  const far = exact + Math.floor((Math.log(length / exact) / Math.log(maximumDistance / exact)) * (half - exact));
  return offset + Math.min(far, half - 1);
}

/**
 * A bias for attention from a learned table.
 *
 * @param table [buckets, heads]
 * @returns     [1, heads, time, keyTime]
 */
export function relativeBias(
  table: Tensor,
  time: number,
  keyTime: number,
  { isBidirectional, maximumDistance = 128 }: { isBidirectional: boolean; maximumDistance?: number },
): Tensor {
  const [buckets, heads] = table.shape as [number, number];
  const ids = Array.from({ length: time * keyTime }, (_, index) =>
    relativeBucket((index % keyTime) - Math.floor(index / keyTime), isBidirectional, buckets, maximumDistance),
  );
  const rows = embedding(table, constant("int64", [time, keyTime], ids)); // [time, keyTime, heads]
  return reshape(transpose(rows, [2, 0, 1]), [1, heads, time, keyTime]);
}
