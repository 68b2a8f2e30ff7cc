/**
 * How the documents of one source fill rows of `time` tokens in one pass over them. A document of n ids gives n - 1
 * pairs of input and target, and every pair lies in exactly one row.
 */

import { permutation, randomStream } from "../random.ts";
import type { DocumentList } from "./document-list.ts";

/** Inputs [start, end) of a document; the targets lie one further. */
export interface Segment {
  readonly document: number;
  readonly start: number;
  readonly end: number;
}

export interface EpochPlan {
  readonly rows: number;
  /** The pieces of a row, in order; together at most `time` inputs. */
  segments(row: number): Segment[];
}

/** The order in which an epoch reads a source's documents. */
function documentOrder(list: DocumentList, seed: number, source: number, epoch: number): Uint32Array {
  return permutation(list.count, randomStream(seed, `documents of source ${source}, epoch ${epoch}`));
}

/**
 * For plain text: the documents in shuffled order as one stream, cut into rows without a gap; only the last row may be
 * short. The rows are shuffled again, so that the parts of a long document do not meet in one batch.
 *
 * @returns a plan whose rows are found by binary search: nothing is kept but one number per document
 */
export function planStream(
  list: DocumentList,
  options: { time: number; seed: number; source: number; epoch: number },
): EpochPlan {
  const { time, seed, source, epoch } = options;
  const order = documentOrder(list, seed, source, epoch);
  const ends = new Float64Array(list.count); // inputs up to and including each document
  let inputs = 0;
  for (let index = 0; index < order.length; index++) {
    inputs += list.length(order[index]!) - 1;
    ends[index] = inputs;
  }
  const rows = Math.ceil(inputs / time);
  const rowOrder = permutation(rows, randomStream(seed, `rows of source ${source}, epoch ${epoch}`));
  return {
    rows,
    segments(row) {
      const first = rowOrder[row]! * time;
      const last = Math.min(first + time, inputs);
      const segments: Segment[] = [];
      for (let index = firstAbove(ends, first), at = first; at < last; index++) {
        const document = order[index]!;
        const begin = ends[index]! - (list.length(document) - 1);
        const end = Math.min(ends[index]!, last);
        segments.push({ document, start: at - begin, end: end - begin });
        at = end;
      }
      return segments;
    },
  };
}

/** Index of the first end above a position. */
function firstAbove(ends: Float64Array, position: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Rows that are being filled at the same time: more of them waste less padding, and mix short documents less. */
const openRows = 64;

/**
 * For conversations, which must stay whole: each goes to the open row where it leaves the least room (best fit).
 *
 * @param lengths inputs of each document as it will be read, at most `time`; 0 leaves it out
 */
export function planWhole(
  list: DocumentList,
  lengths: Uint32Array,
  options: { time: number; seed: number; source: number; epoch: number },
): EpochPlan {
  const { time, seed, source, epoch } = options;
  const rows: Segment[][] = [];
  let open: { segments: Segment[]; room: number }[] = [];
  const close = (row: { segments: Segment[] }) => rows.push(row.segments);
  for (const document of documentOrder(list, seed, source, epoch)) {
    const length = lengths[document]!;
    if (length === 0) continue;
    let best: (typeof open)[number] | undefined;
    for (const row of open) {
      if (row.room >= length && (best === undefined || row.room < best.room)) best = row;
    }
    if (best === undefined) {
      if (open.length === openRows) {
        const fullest = open.reduce((full, row) => (row.room < full.room ? row : full));
        close(fullest);
        open = open.filter((row) => row !== fullest);
      }
      best = { segments: [], room: time };
      open.push(best);
    }
    best.segments.push({ document, start: 0, end: length });
    best.room -= length;
  }
  for (const row of open) close(row);
  const rowOrder = permutation(rows.length, randomStream(seed, `rows of source ${source}, epoch ${epoch}`));
  return { rows: rows.length, segments: (row) => rows[rowOrder[row]!]! };
}
