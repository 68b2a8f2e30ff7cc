/** One batch of packed rows, ready to be bound to a compiled step. */

export interface Batch {
  /** Rows. */
  readonly batch: number;
  /** Tokens per row. */
  readonly time: number;
  /** int64 [batch, time]; padding holds the padding id. */
  readonly tokens: BigInt64Array<ArrayBuffer>;
  /** int64 [batch, time]; 0 at the beginning of each piece of a document. */
  readonly positions: BigInt64Array<ArrayBuffer>;
  /** int64 [batch, time]; equal within a piece, rising along the row; padding has a number of its own. */
  readonly documents: BigInt64Array<ArrayBuffer>;
  /** int64 [batch, time]; the next token, or -100 where nothing is learnt. */
  readonly targets: BigInt64Array<ArrayBuffer>;
  /** Targets other than -100. */
  readonly predicted: number;
  /** Positions that hold tokens of documents: batch · time less padding. */
  readonly filled: number;
  /**
   * UTF-8 bytes behind the targets. A document is counted in the batch that holds its last piece, so that the sum over
   * whole documents is exact.
   */
  readonly bytes: number;
}

/** Where a stream of batches stands. Plain JSON; equal positions give equal batches. */
export interface BatchPosition {
  /** Rows taken so far in all. */
  readonly rows: number;
  /** Rows taken from each source, in the order of the dataset. */
  readonly rowsBySource: readonly number[];
}
