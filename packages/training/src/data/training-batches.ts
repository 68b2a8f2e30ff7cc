/**
 * The stream of training batches. What a batch holds follows from the dataset, the seed and the position alone, so a
 * resumed run sees what an uninterrupted one would have seen.
 */

import { OptionError } from "../errors.ts";
import type { Batch, BatchPosition } from "./batch.ts";
import { type ConversationLengths, conversationLengths } from "./conversation-lengths.ts";
import type { Dataset, DatasetSource } from "./dataset.ts";
import { type EpochPlan, planStream, planWhole } from "./epoch-plan.ts";
import { fillBatch, type Row } from "./fill-batch.ts";

export interface BatchOptions {
  /** Rows per batch. */
  readonly batch: number;
  /** Tokens per row. */
  readonly time: number;
  readonly seed: number;
  /** Which targets of conversations count; plain text always counts whole. Default "assistant". */
  readonly lossOn?: "assistant" | "all";
  /** Fills rows that are not full; any id will do, as nothing is learnt from it. Default 0. */
  readonly paddingId?: number;
}

export interface TrainingBatches {
  /** @returns undefined when every source has reached its number of epochs. @throws {DataError} if shards vanished */
  next(): Batch | undefined;
  /** Of the next batch. */
  position(): BatchPosition;
  /** Continues at a position that the same dataset and seed gave. @throws {OptionError} if it cannot be one */
  seek(position: BatchPosition): void;
  /** Passes over the data so far: rows taken by rows in a pass in which each source is read `weight` times. */
  passes(): number;
  /** Rows in one pass over the data: each source's rows times its weight. */
  readonly rowsPerPass: number;
  /** Tokens of documents in one pass, padding left out. */
  readonly tokensPerPass: number;
  /** Conversations that are longer than a row, in all sources. */
  readonly shortened: Pick<ConversationLengths, "cutAtTurn" | "truncated" | "leftOut">;
}

/**
 * Mixes the sources row by row. Of every row the source is the one that lags most behind its share, so that the mixture
 * of any stretch of rows is right to within one row per source.
 *
 * @throws {OptionError} if no source has anything to learn
 */
export function createTrainingBatches(dataset: Dataset, options: BatchOptions): TrainingBatches {
  return new Mixture(dataset, options);
}

class Mixture implements TrainingBatches {
  readonly rowsPerPass: number;
  readonly tokensPerPass: number;
  readonly shortened: TrainingBatches["shortened"];
  readonly #sources: readonly SourceRows[];
  readonly #options: BatchOptions;
  readonly #isMasked: boolean;
  #rows = 0;

  constructor(dataset: Dataset, options: BatchOptions) {
    this.#options = options;
    this.#isMasked = dataset.kind === "conversation" && options.lossOn !== "all";
    this.#sources = dataset.sources.map((source, index) => new SourceRows(source, index, dataset.kind, options));
    this.rowsPerPass = this.#sources.reduce((sum, source) => sum + source.share, 0);
    this.tokensPerPass = this.#sources.reduce((sum, source) => sum + source.inputs * source.weight, 0);
    this.shortened = {
      cutAtTurn: sum(this.#sources, (source) => source.lengths?.cutAtTurn),
      truncated: sum(this.#sources, (source) => source.lengths?.truncated),
      leftOut: sum(this.#sources, (source) => source.lengths?.leftOut),
    };
    if (this.rowsPerPass > 0) return;
    throw new OptionError({
      where: "training data",
      found: `nothing to learn within ${options.time} tokens`,
      expected: "documents outside the held-out share, with an answer that begins within the context",
      fix: "add data, lower --held-out, or raise --context",
    });
  }

  next(): Batch | undefined {
    const rows: Row[] = [];
    while (rows.length < this.#options.batch) {
      const source = this.#mostBehind();
      if (source === undefined) break;
      rows.push(source.take());
      this.#rows += 1;
    }
    if (rows.length === 0) return undefined;
    const { time, batch, paddingId = 0 } = this.#options;
    // A run that ends inside a batch fills it up: compiled steps have one shape.
    while (rows.length < batch) rows.push({ list: rows[0]!.list, segments: [] });
    return fillBatch(rows, { time, isMasked: this.#isMasked, paddingId });
  }

  position(): BatchPosition {
    return { rows: this.#rows, rowsBySource: this.#sources.map(({ taken }) => taken) };
  }

  seek({ rows, rowsBySource }: BatchPosition): void {
    const isPossible = rowsBySource.length === this.#sources.length && rowsBySource.reduce((a, b) => a + b, 0) === rows;
    if (!isPossible) {
      throw new OptionError({
        where: "position in the data",
        found: `${rows} rows of ${rowsBySource.length} sources`,
        expected: `a position in ${this.#sources.length} sources`,
        fix: "resume with the data that the run was started with",
      });
    }
    this.#rows = rows;
    for (const [index, source] of this.#sources.entries()) source.seek(rowsBySource[index]!);
  }

  passes(): number {
    return this.#rows / this.rowsPerPass;
  }

  /** Shares are of the sources that still have rows: the others take over from one that has reached its epochs. */
  #mostBehind(): SourceRows | undefined {
    const active = this.#sources.filter((source) => !source.isExhausted());
    let best: SourceRows | undefined;
    for (const source of active) {
      // Rows taken per share: the source with the lowest has waited longest; half a row makes equal shares alternate.
      if (best === undefined || (source.taken + 0.5) / source.share < (best.taken + 0.5) / best.share) best = source;
    }
    return best;
  }
}

/** The endless rows of one source, epoch after epoch. */
class SourceRows {
  readonly weight: number;
  /** Inputs read per epoch. */
  readonly inputs: number;
  /** Rows in one pass over the data; 0 when it has none. */
  readonly share: number;
  readonly lengths: ConversationLengths | undefined;
  readonly #source: DatasetSource;
  readonly #index: number;
  readonly #options: BatchOptions;
  #plan: EpochPlan;
  #epoch = 0;
  #row = 0;
  #taken = 0;

  constructor(source: DatasetSource, index: number, kind: Dataset["kind"], options: BatchOptions) {
    this.#source = source;
    this.#index = index;
    this.#options = options;
    this.weight = source.weight;
    this.lengths = kind === "conversation" ? conversationLengths(source.train, options.time) : undefined;
    this.inputs = this.lengths?.lengths.reduce((a, b) => a + b, 0) ?? source.train.tokens - source.train.count;
    this.#plan = this.#planOf(0);
    this.share = this.#plan.rows * this.weight;
  }

  get taken(): number {
    return this.#taken;
  }

  isExhausted(): boolean {
    if (this.share === 0) return true;
    if (this.#row === this.#plan.rows) this.#enter(this.#epoch + 1);
    return this.#epoch >= this.#source.maximumEpochs;
  }

  take(): Row {
    const segments = this.#plan.segments(this.#row);
    this.#row += 1;
    this.#taken += 1;
    return { list: this.#source.train, segments, ...(this.lengths && { lengths: this.lengths.lengths }) };
  }

  seek(taken: number): void {
    // Text has the same number of rows in every epoch; conversations do not, so their epochs are planned one by one.
    const epoch = this.lengths === undefined && this.share > 0 ? Math.floor(taken / this.#plan.rows) : 0;
    const rowsBefore = epoch * this.#plan.rows;
    this.#enter(epoch);
    this.#taken = taken;
    this.#row = taken - rowsBefore;
    while (this.share > 0 && this.#row > this.#plan.rows) {
      const rest = this.#row - this.#plan.rows;
      this.#enter(this.#epoch + 1);
      this.#row = rest;
    }
  }

  #enter(epoch: number): void {
    if (epoch !== this.#epoch) this.#plan = this.#planOf(epoch);
    this.#epoch = epoch;
    this.#row = 0;
  }

  #planOf(epoch: number): EpochPlan {
    const { train } = this.#source;
    const options = { time: this.#options.time, seed: this.#options.seed, source: this.#index, epoch };
    return this.lengths === undefined ? planStream(train, options) : planWhole(train, this.lengths.lengths, options);
  }
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number | undefined): number {
  return items.reduce((total, item) => total + (value(item) ?? 0), 0);
}
