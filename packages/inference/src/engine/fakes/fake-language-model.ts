/** A language model that is a function from the tokens so far to logits; it checks how it is used. Needs no weights. */
import { ContextLengthError } from "../../errors.ts";
import type { LanguageModel } from "../../model/language-model.ts";

export interface FakeLanguageModelOptions {
  readonly vocabularySize: number;
  /** Default 1024. */
  readonly contextLength?: number;
  /** Default 1. */
  readonly sequences?: number;
  /** [vocabulary]. Default: all equal, so that sampling alone decides. */
  readonly logits?: (history: readonly number[]) => Float32Array;
  /** Each run takes so long; default 0. */
  readonly runMs?: number;
}

export interface FakeLanguageModel extends LanguageModel {
  /** What each sequence holds. */
  readonly histories: readonly (readonly number[])[];
  /** Tokens fed in each run so far. */
  readonly runs: readonly number[];
  readonly isReleased: boolean;
}

/** Logits that leave no doubt about the next token. */
export function certain(token: number, vocabularySize: number): Float32Array {
  const logits = new Float32Array(vocabularySize).fill(-50);
  logits[token] = 50;
  return logits;
}

export function createFakeLanguageModel(options: FakeLanguageModelOptions): FakeLanguageModel {
  const { vocabularySize, contextLength = 1024, sequences = 1, runMs = 0 } = options;
  const logits = options.logits ?? (() => new Float32Array(vocabularySize));
  const histories: number[][] = Array.from({ length: sequences }, () => []);
  const runs: number[] = [];
  let isReleased = false;

  async function run(entries: readonly { sequence: number; tokens: readonly number[] }[], signal?: AbortSignal) {
    if (isReleased) throw new Error("internal: a run after release");
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, runMs));
    signal?.throwIfAborted();
    for (const { sequence, tokens } of entries) {
      if (histories[sequence]!.length + tokens.length > contextLength) {
        throw new ContextLengthError({ where: "sequence", found: "too many tokens", expected: "fewer", fix: "stop" });
      }
      histories[sequence]!.push(...tokens);
    }
    runs.push(entries.reduce((sum, { tokens }) => sum + tokens.length, 0));
    return entries.map(({ sequence }) => logits(histories[sequence]!));
  }

  return {
    vocabularySize,
    contextLength,
    sequences,
    histories,
    runs,
    get isReleased() {
      return isReleased;
    },
    length: (sequence) => histories[sequence]!.length,
    truncate(sequence, length) {
      if (length > histories[sequence]!.length) throw new Error("internal: truncate made a sequence longer");
      histories[sequence]!.length = length;
    },
    copy(from, to, length) {
      if (length > histories[from]!.length) throw new Error("internal: copy of more than there is");
      histories[to] = histories[from]!.slice(0, length);
    },
    prefill: async (tokens, { sequence = 0, signal } = {}) => (await run([{ sequence, tokens }], signal))[0]!,
    step: (entries, signal) =>
      run(
        entries.map(({ sequence, token }) => ({ sequence, tokens: [token] })),
        signal,
      ),
    async release() {
      isReleased = true;
    },
  };
}
