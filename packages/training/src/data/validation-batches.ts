/** Batches of the held-out documents in a fixed order: the same ones at every evaluation of every run. */

import type { Batch } from "./batch.ts";
import { conversationLengths } from "./conversation-lengths.ts";
import type { Dataset } from "./dataset.ts";
import type { DocumentList } from "./document-list.ts";
import type { Segment } from "./epoch-plan.ts";
import { fillBatch, type Row } from "./fill-batch.ts";

export interface ValidationOptions {
  readonly batch: number;
  readonly time: number;
  /** As for training. Default "assistant". */
  readonly lossOn?: "assistant" | "all";
  /** Whole documents are taken until they hold so many tokens; at least one is. Default: all. */
  readonly maximumTokens?: number;
  readonly paddingId?: number;
}

/**
 * Held-out documents, each from its beginning, packed in order. The bytes of all batches together are those of the
 * documents, so loss in nats over bytes gives exact bits per byte.
 */
export function* validationBatches(dataset: Dataset, options: ValidationOptions): Generator<Batch> {
  const { batch, time, maximumTokens = Number.POSITIVE_INFINITY, paddingId = 0 } = options;
  const isConversation = dataset.kind === "conversation";
  const list = dataset.heldOut;
  const lengths = isConversation ? conversationLengths(list, time).lengths : undefined;
  const rows = packInOrder(list, lengths, time, maximumTokens);
  for (let start = 0; start < rows.length; start += batch) {
    const chosen: Row[] = rows.slice(start, start + batch).map((segments) => ({ list, segments, lengths }));
    while (chosen.length < batch) chosen.push({ list, segments: [] });
    yield fillBatch(chosen, { time, isMasked: isConversation && options.lossOn !== "all", paddingId });
  }
}

function packInOrder(
  list: DocumentList,
  lengths: Uint32Array | undefined,
  time: number,
  maximumTokens: number,
): Segment[][] {
  const rows: Segment[][] = [];
  let row: Segment[] = [];
  let room = time;
  let tokens = 0;
  const nextRow = () => {
    if (row.length > 0) rows.push(row);
    row = [];
    room = time;
  };
  for (let document = 0; document < list.count; document++) {
    const inputs = lengths?.[document] ?? list.length(document) - 1;
    if (inputs === 0) continue;
    if (tokens > 0 && tokens + inputs > maximumTokens) break;
    tokens += inputs;
    // Conversations stay whole; text is cut where the row ends, as in training.
    if (lengths !== undefined && inputs > room) nextRow();
    for (let start = 0; start < inputs; ) {
      if (room === 0) nextRow();
      const end = Math.min(inputs, start + room);
      row.push({ document, start, end });
      room -= end - start;
      start = end;
    }
  }
  nextRow();
  return rows;
}
