/**
 * A decoder with memory: what the engine sees of a model. Sequences live in the slots of one cache, so that several
 * answers can be continued in one run; each remembers the tokens it was fed, as keys and values.
 */

export interface PrefillOptions {
  /** Which slot; default 0. */
  readonly sequence?: number;
  /** Ends the run between two operators. The sequence is then as it was before. */
  readonly signal?: AbortSignal;
}

/** One token to feed to one sequence. */
export interface NextToken {
  readonly sequence: number;
  readonly token: number;
}

export interface LanguageModel {
  /** Length of the logits; may exceed the tokenizer's vocabulary where the checkpoint pads its embedding. */
  readonly vocabularySize: number;
  /** Tokens that a sequence can hold. */
  readonly contextLength: number;
  /** How many slots there are. */
  readonly sequences: number;
  /** Tokens that a sequence holds now. */
  length(sequence: number): number;
  /** Forgets all but the first `length` tokens of a sequence; costs nothing. */
  truncate(sequence: number, length: number): void;
  /**
   * Gives sequence `to` the first `length` tokens of sequence `from`, in place of what it held: for prompts that begin
   * alike, and to close gaps among the sequences. Between runs only.
   */
  copy(from: number, to: number, length: number): void;
  /**
   * Appends tokens to a sequence. Runs off the event loop; one run at a time, a second call waits for the first.
   *
   * @param tokens [time], at least one; each in [0, vocabularySize)
   * @returns      [vocabulary] logits after the last token, valid until the next run
   * @throws {DOMException} named AbortError when the signal ended it
   * @throws {ContextLengthError} when the sequence would outgrow the context
   */
  prefill(tokens: readonly number[], options?: PrefillOptions): Promise<Float32Array>;
  /**
   * Appends one token to each of several sequences in one run. Costs as much as all sequences up to the highest one named.
   *
   * @returns for each entry, [vocabulary] logits after its token, valid until the next run
   * @throws as `prefill`, and {Error} `internal:` when two entries name one sequence
   */
  step(entries: readonly NextToken[], signal?: AbortSignal): Promise<Float32Array[]>;
  /** Waits for the run under way, then frees sessions and cache. */
  release(): Promise<void>;
}
