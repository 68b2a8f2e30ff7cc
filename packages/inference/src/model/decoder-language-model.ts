/** A decoder with its weights in memory as a language model: two programs over shared weights, and the cache between runs. */
import type { DecoderConfig } from "@myna/models";
import {
  type Binding,
  type Executable,
  type HostTensor,
  hostTensor,
  openRuntime,
  type PrepackedWeights,
  type Runtime,
} from "@myna/tensor";
import { ContextLengthError } from "../errors.ts";
import { KvCache, type LayerCache } from "./kv-cache.ts";
import type { LanguageModel, NextToken, PrefillOptions } from "./language-model.ts";
import { byCacheName, compileSteps, type StepExecutables, type StepKind } from "./step-programs.ts";

export interface DecoderLanguageModelOptions {
  readonly config: DecoderConfig;
  /** By the names of decoderParameters(config), used where they lie: they must stay until `release`. */
  readonly weights: ReadonlyMap<string, HostTensor>;
  /** Answers that are continued in one run; default 1. */
  readonly sequences?: number;
  /** Tokens that a sequence can hold; default and at most the model's positions. */
  readonly contextLength?: number;
  /** Threads of a pool of its own; default the process's shared pool. */
  readonly threads?: number;
  /**
   * Read the weights anew in every run, for a trainer that edits them between answers. Slower (2–3 times at eight
   * sequences) than making the model anew once an update has many answers to write; default false.
   */
  readonly weightsChange?: boolean;
  readonly runtime?: Runtime;
}

/**
 * Reading a prompt and continuing answers are different programs because they differ in what is symbolic: one sequence
 * of any number of tokens, and any number of sequences of one token. Each is compiled when it is first needed.
 */
export class DecoderLanguageModel implements LanguageModel {
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly sequences: number;
  readonly #layers: number;
  readonly #cache: KvCache;
  readonly #prepacked: PrepackedWeights | undefined;
  readonly #executables: StepExecutables;
  /** By the number of rows; dropped when the cache moves. */
  readonly #decodeRuns = new Map<number, StepRun>();
  /** The token that each sequence was fed last. */
  readonly #lastTokens: number[];
  #lastRun: Promise<unknown> = Promise.resolve();
  #isReleased = false;

  constructor(options: DecoderLanguageModelOptions) {
    const { config, weights, sequences = 1, threads, weightsChange = false, runtime = openRuntime() } = options;
    this.#layers = config.layers;
    this.vocabularySize = config.vocabulary;
    this.contextLength = Math.min(options.contextLength ?? config.context, config.context);
    this.sequences = sequences;
    this.#lastTokens = new Array<number>(sequences).fill(0);
    this.#cache = new KvCache({
      layers: config.layers,
      kvHeads: config.kvHeads,
      headDim: config.headDim,
      sequences,
      contextLength: this.contextLength,
    });
    this.#prepacked = weightsChange ? undefined : runtime.createPrepackedWeights();
    this.#executables = compileSteps(config, weights, this.contextLength, {
      runtime,
      ...(threads !== undefined && { threads }),
      ...(this.#prepacked === undefined ? { disablePrepacking: true } : { prepacked: this.#prepacked }),
    });
  }

  /** Compiles what is otherwise compiled with the first prompt and the first token, so that neither waits for it. */
  compile(): void {
    this.#executables.get("prefill");
    this.#executables.get("decode");
  }

  /** Bytes of keys and values that are allocated now. */
  get cacheBytes(): number {
    return this.#cache.bytes;
  }

  length(sequence: number): number {
    return this.#cache.length(sequence);
  }

  truncate(sequence: number, length: number): void {
    if (length > this.#cache.length(sequence)) throw new Error("internal: truncate cannot make a sequence longer");
    this.#cache.setLength(sequence, length);
  }

  copy(from: number, to: number, length: number): void {
    this.#cache.copy(from, to, length);
    this.#lastTokens[to] = this.#lastTokens[from]!; // read only when `to` is full, and then it is all of `from`
  }

  prefill(tokens: readonly number[], { sequence = 0, signal }: PrefillOptions = {}): Promise<Float32Array> {
    return this.#inTurn(async () => {
      const length = this.#cache.length(sequence);
      const after = length + tokens.length;
      this.#makeRoom(after);
      const run = this.#bindRun("prefill", sequence, 1, tokens.length);
      try {
        run.set(tokens, [length]);
        await run.runAsync(signal);
      } finally {
        run.release();
      }
      this.#cache.setLength(sequence, after);
      this.#lastTokens[sequence] = tokens.at(-1)!;
      return run.logits;
    });
  }

  step(entries: readonly NextToken[], signal?: AbortSignal): Promise<Float32Array[]> {
    return this.#inTurn(async () => {
      const tokenOf = new Map(entries.map(({ sequence, token }) => [sequence, token]));
      if (tokenOf.size !== entries.length) throw new Error("internal: a step names a sequence twice");
      const rows = Math.max(...tokenOf.keys()) + 1;
      const lengths = Array.from({ length: rows }, (_, row) => this.#cache.length(row));
      for (const { sequence } of entries) this.#makeRoom(lengths[sequence]! + 1);
      this.#makeRoom(Math.min(this.contextLength, Math.max(...lengths) + 1));
      let run = this.#decodeRuns.get(rows);
      if (run === undefined) {
        run = this.#bindRun("decode", 0, rows, 1);
        this.#decodeRuns.set(rows, run);
      }
      // A row that sits this step out feeds a token that is forgotten, for its length stays and the next one is written
      // over it. A full row has no place for that and computes its last token once more.
      const isIdleAndFull = (row: number) => !tokenOf.has(row) && lengths[row]! >= this.contextLength;
      run.set(
        lengths.map((_, row) => tokenOf.get(row) ?? this.#lastTokens[row]!),
        lengths.map((length, row) => (isIdleAndFull(row) ? length - 1 : length)),
      );
      await run.runAsync(signal);
      for (const { sequence, token } of entries) {
        this.#cache.setLength(sequence, lengths[sequence]! + 1);
        this.#lastTokens[sequence] = token;
      }
      const { logits } = run;
      return entries.map(({ sequence }) =>
        logits.subarray(sequence * this.vocabularySize, (sequence + 1) * this.vocabularySize),
      );
    });
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    await this.#lastRun;
    this.#forgetBindings();
    this.#executables.release();
    this.#prepacked?.release();
  }

  /** One run after the other, whether or not earlier ones failed. */
  #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#isReleased) throw new Error("internal: a run of a model that was released");
    const result = this.#lastRun.then(run);
    this.#lastRun = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #makeRoom(tokens: number): void {
    if (tokens > this.contextLength) {
      throw new ContextLengthError({
        where: "sequence",
        found: `${tokens} tokens`,
        expected: `at most ${this.contextLength}, the model's context`,
        fix: "shorten the prompt or the answer",
      });
    }
    if (this.#cache.ensureCapacity(tokens)) this.#forgetBindings();
  }

  #forgetBindings(): void {
    for (const run of this.#decodeRuns.values()) run.release();
    this.#decodeRuns.clear();
  }

  #bindRun(kind: StepKind, first: number, rows: number, time: number): StepRun {
    const caches = Array.from({ length: this.#layers }, (_, layer) => this.#cache.view(layer, first, rows));
    return new StepRun(this.#executables.get(kind), this.vocabularySize, rows, time, caches);
  }
}

/** Buffers of one shape of run, bound once. */
class StepRun {
  readonly logits: Float32Array<ArrayBuffer>;
  readonly #tokens: HostTensor<"int64">;
  readonly #lengths: HostTensor<"int32">;
  readonly #total = hostTensor("int32", []);
  readonly #time: number;
  readonly #binding: Binding;

  constructor(executable: Executable, vocabulary: number, rows: number, time: number, caches: readonly LayerCache[]) {
    const logits = hostTensor("float32", [rows, vocabulary]);
    this.logits = logits.data;
    this.#time = time;
    this.#tokens = hostTensor("int64", [rows, time]);
    this.#lengths = hostTensor("int32", [rows]);
    const wanted = hostTensor("int64", [rows]);
    for (let row = 0; row < rows; row++) wanted.data[row] = BigInt((row + 1) * time - 1);
    const layers = [...caches.keys()];
    this.#binding = executable.bind(
      {
        tokens: this.#tokens,
        lengths: this.#lengths,
        total: this.#total,
        wanted,
        ...byCacheName("past", layers, (layer) => caches[layer]!),
      },
      { logits, ...byCacheName("present", layers, (layer) => caches[layer]!) },
    );
  }

  /**
   * @param tokens [rows · time]
   * @param before [rows] tokens that each row holds already
   */
  set(tokens: readonly number[], before: readonly number[]): void {
    tokens.forEach((token, index) => {
      this.#tokens.data[index] = BigInt(token);
    });
    before.forEach((length, row) => {
      this.#lengths.data[row] = length + this.#time - 1; // the operator wants the last token's position
    });
    this.#total.data[0] = Math.max(...before) + this.#time;
  }

  runAsync(signal: AbortSignal | undefined): Promise<void> {
    return this.#binding.runAsync(signal === undefined ? {} : { signal });
  }

  release(): void {
    this.#binding.release();
  }
}
