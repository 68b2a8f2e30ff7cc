/** Writes segments of documents into the arrays of a batch. */

import type { Batch } from "./batch.ts";
import type { DocumentList } from "./document-list.ts";
import type { Segment } from "./epoch-plan.ts";

/** As @myna/tensor's losses and PyTorch have it. */
const ignoreIndex = -100;

export interface Row {
  readonly list: DocumentList;
  readonly segments: readonly Segment[];
  /** Inputs of each document that are read at all; absent: all. Tells the last piece of one. */
  readonly lengths?: Uint32Array;
}

export interface FillOptions {
  readonly time: number;
  /** True: targets outside the assistant's answers are ignored. */
  readonly isMasked: boolean;
  readonly paddingId: number;
}

/**
 * With time 6 and the documents [7, 1, 2, 7] and [7, 3, 7], one row is
 *
 *   tokens     7 1 2 7 3 0      positions  0 1 2 0 1 0
 *   documents  0 0 0 1 1 2      targets    1 2 7 3 7 -100
 *
 * @throws {DataError} if the shards vanished
 */
export function fillBatch(rows: readonly Row[], { time, isMasked, paddingId }: FillOptions): Batch {
  const size = rows.length * time;
  const [tokens, positions, documents, targets] = [words(size), words(size), words(size), words(size)];
  const ids = new Int32Array(time + 1);
  const marks = new Uint8Array(time + 1);
  let [predicted, filled, bytes] = [0, 0, 0];
  for (const [rowIndex, { list, segments, lengths }] of rows.entries()) {
    const rowEnd = (rowIndex + 1) * time;
    let at = rowIndex * time;
    for (const [piece, { document, start, end }] of segments.entries()) {
      list.readIds(document, start, end + 1, ids);
      if (isMasked) list.readAnswers(document, start, end + 1, marks);
      for (let index = 0; index < end - start; index++, at++) {
        setWord(tokens, at, ids[index]!);
        setWord(positions, at, index);
        setWord(documents, at, piece);
        const isLearnt = !isMasked || marks[index + 1] === 1;
        setWord(targets, at, isLearnt ? ids[index + 1]! : ignoreIndex);
        if (isLearnt) predicted += 1;
      }
      filled += end - start;
      const whole = list.length(document) - 1;
      const read = lengths?.[document] ?? whole;
      if (end === read) bytes += Math.round((list.bytes(document) * read) / whole);
    }
    for (let index = 0; at < rowEnd; index++, at++) {
      setWord(tokens, at, paddingId);
      setWord(positions, at, index);
      setWord(documents, at, segments.length);
      setWord(targets, at, ignoreIndex);
    }
  }
  return {
    batch: rows.length,
    time,
    tokens: int64(tokens),
    positions: int64(positions),
    documents: int64(documents),
    targets: int64(targets),
    predicted,
    filled,
    bytes,
  };
}

/** Two 32-bit words per element, low word first, as all of Node's platforms have: BigInts would be made one by one. */
function words(elements: number): Int32Array<ArrayBuffer> {
  return new Int32Array(elements * 2);
}

function setWord(target: Int32Array, index: number, value: number): void {
  target[index * 2] = value;
  target[index * 2 + 1] = value < 0 ? -1 : 0;
}

function int64(array: Int32Array<ArrayBuffer>): BigInt64Array<ArrayBuffer> {
  return new BigInt64Array(array.buffer);
}
