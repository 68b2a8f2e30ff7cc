/**
 * One answer as it grows: takes logits, chooses the token, says which text may be shown, and knows why it ended.
 * Runs no model: whoever does may feed many answers from one batched run.
 */
import { Sampler } from "../sampling/sampler.ts";
import type { EndReason, TokenCandidate, TokenLogProbability } from "./chat-engine.ts";
import type { ResolvedOptions } from "./generation-options.ts";
import { StopScanner } from "./stop-texts.ts";
import type { TextCodec, TextDecoder } from "./text-codec.ts";

export interface AnswerDelta {
  readonly text: string;
  readonly tokens: readonly TokenLogProbability[];
}

/** A token whose text has not been shown to its end. */
interface PendingToken {
  readonly token: TokenLogProbability;
  /** Characters of the answer before and after it. */
  readonly start: number;
  readonly end: number;
}

export class Answer {
  readonly #codec: TextCodec;
  readonly #options: ResolvedOptions;
  readonly #sampler: Sampler;
  readonly #decoder: TextDecoder;
  readonly #scanner: StopScanner;
  readonly #promptTokens: number;
  readonly #contextLength: number;
  #pending: PendingToken[] = [];
  #decodedCharacters = 0;
  #shownCharacters = 0;

  /** Tokens chosen so far, the one that ended the answer included. */
  completionTokens = 0;
  /** The token to feed next; undefined before the first. */
  lastToken: number | undefined;
  /** Set once the answer is complete. */
  ended: { readonly reason: EndReason; readonly stopText?: string } | undefined;

  constructor(codec: TextCodec, options: ResolvedOptions, prompt: readonly number[], contextLength: number) {
    this.#codec = codec;
    this.#options = options;
    this.#sampler = new Sampler(options, prompt);
    this.#decoder = codec.createDecoder();
    this.#scanner = new StopScanner(options.stop);
    this.#promptTokens = prompt.length;
    this.#contextLength = contextLength;
  }

  /**
   * Chooses the next token.
   *
   * @param logits [vocabulary] after the last token
   * @returns what may be shown now; undefined when that is nothing
   */
  accept(logits: Float32Array): AnswerDelta | undefined {
    const sampled = this.#sampler.sample(logits.subarray(0, this.#codec.vocabularySize));
    this.lastToken = sampled.id;
    this.completionTokens++;
    if (this.#codec.endTokens.has(sampled.id)) return this.#finish("stop");

    const piece = this.#decoder.push(sampled.id);
    const start = this.#decodedCharacters;
    this.#decodedCharacters += piece.length;
    if (sampled.logProbability !== undefined) {
      const token = {
        ...this.#candidate(sampled.id, sampled.logProbability),
        alternatives: sampled.alternatives!.map(({ id, logProbability }) => this.#candidate(id, logProbability)),
      };
      this.#pending.push({ token, start, end: this.#decodedCharacters });
    }
    const { text, stopText } = this.#scanner.push(piece);
    if (stopText !== undefined) {
      this.ended = { reason: "stop", stopText };
      return this.#show(text, true);
    }
    if (this.completionTokens >= (this.#options.maxTokens ?? Number.POSITIVE_INFINITY)) {
      return this.#finish("length", text);
    }
    if (this.#promptTokens + this.completionTokens >= this.#contextLength) return this.#finish("context", text);
    return this.#show(text, false);
  }

  /** The caller ended it; what was held back is text after all. */
  abort(): AnswerDelta | undefined {
    return this.#finish("aborted");
  }

  /**
   * The last text: what the decoder and the stop rules held back. A character that an end from outside cut in two is not
   * shown, as the model had not finished it; one that the model itself left incomplete shows as U+FFFD.
   */
  #finish(reason: EndReason, before = ""): AnswerDelta | undefined {
    const rest = reason === "stop" ? this.#decoder.flush() : "";
    this.#decodedCharacters += rest.length;
    const { text, stopText } = this.#scanner.push(rest);
    this.ended = stopText === undefined ? { reason } : { reason: "stop", stopText };
    return this.#show(before + text + (stopText === undefined ? this.#scanner.flush() : ""), true);
  }

  #show(text: string, isLast: boolean): AnswerDelta | undefined {
    if (text === "") return undefined;
    this.#shownCharacters += text.length;
    // At a stop text the token that straddles the cut is told too: its beginning was shown.
    const isShown = ({ start, end }: PendingToken) =>
      isLast ? start < this.#shownCharacters : end <= this.#shownCharacters;
    const shown = this.#pending.filter(isShown);
    this.#pending = this.#pending.filter((pending) => !isShown(pending));
    return { text, tokens: shown.map(({ token }) => token) };
  }

  #candidate(id: number, logProbability: number): TokenCandidate {
    const bytes = this.#codec.tokenBytes(id);
    return { id, text: lossyText.decode(bytes), bytes: [...bytes], logProbability };
  }
}

// A token's bytes alone may be part of a character, and a leading U+FEFF is text, not a mark.
const lossyText = new globalThis.TextDecoder("utf-8", { ignoreBOM: true });
