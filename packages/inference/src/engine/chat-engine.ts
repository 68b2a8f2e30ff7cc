/**
 * The interface of every engine: the one in this process, the one in a worker thread, and the scripted one of tests.
 * Servers and commands are written against it and never see a tensor.
 */

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** How to choose tokens and when to stop. Absent values come from the model's generation_config.json, then from here. */
export interface GenerationOptions {
  /** Longest answer in tokens, at least 1. Default: as far as the context reaches. */
  readonly maxTokens?: number;
  /** Divides the logits, 0–10; 0 always takes the likeliest token. Default 1. */
  readonly temperature?: number;
  /** Keeps the K likeliest tokens; 0 keeps all. Default 0. */
  readonly topK?: number;
  /** Keeps the likeliest tokens that together have this probability, in (0, 1]. Default 1. */
  readonly topP?: number;
  /** Drops tokens less likely than this share of the likeliest one, in [0, 1]. Default 0. */
  readonly minP?: number;
  /** Above 1 makes tokens of prompt and answer less likely to come again; in (0, 10]. Default 1. */
  readonly repetitionPenalty?: number;
  /** 0 to 2^53 − 1. The same seed, prompt and options give the same answer. Default: a new one each time, told in "start". */
  readonly seed?: number;
  /** Texts that end the answer and are not part of it; at most 16, each of 1 to 256 characters. */
  readonly stop?: readonly string[];
  /** Asks for log-probabilities with so many alternatives for each token, 0–20; 0 tells the chosen token's only. */
  readonly logProbabilities?: number;
  /** Added to the logits of token ids before everything else, −100 to 100 each; −100 forbids a token, 100 all but forces it. */
  readonly logitBias?: Readonly<Record<number, number>>;
}

/** A token that was or could have been chosen. */
export interface TokenCandidate {
  readonly id: number;
  /** May hold U+FFFD where the token is part of a character; `bytes` is exact. */
  readonly text: string;
  readonly bytes: readonly number[];
  /** Natural logarithm of the model's own probability, before temperature, penalties, bias and truncation. */
  readonly logProbability: number;
}

export interface TokenLogProbability extends TokenCandidate {
  /** The likeliest tokens at this place, best first; the chosen one need not be among them. */
  readonly alternatives: readonly TokenCandidate[];
}

/**
 * - "stop": the model ended its turn, or a stop text came up (then `stopText` names it)
 * - "length": `maxTokens` were produced
 * - "context": prompt and answer fill the model's context
 * - "aborted": the caller's signal
 */
export type EndReason = "stop" | "length" | "context" | "aborted";

/**
 * In this order: "queued" (none, or several as the line moves), "start", "progress" (while a long prompt is read),
 * "delta", and one "end". An aborted request ends with reason "aborted" wherever it was, even in the queue.
 */
export type EngineEvent =
  /** So many requests will be answered first. */
  | { readonly type: "queued"; readonly ahead: number }
  /** `cachedTokens` of the prompt need not be read, for an earlier request left them in the cache. */
  | { readonly type: "start"; readonly promptTokens: number; readonly cachedTokens: number; readonly seed: number }
  /** `promptTokensRead` counts cached ones too. */
  | { readonly type: "progress"; readonly promptTokensRead: number; readonly promptTokens: number }
  /** Whole characters, never empty; `tokens` is empty unless log-probabilities were asked for. */
  | { readonly type: "delta"; readonly text: string; readonly tokens: readonly TokenLogProbability[] }
  | {
      readonly type: "end";
      readonly reason: EndReason;
      readonly stopText?: string;
      /** completionTokens counts every token the model produced, the one that ended its turn too. */
      readonly usage: { readonly promptTokens: number; readonly completionTokens: number };
      /** Of the answer alone, without reading the prompt; 0 when there was at most one token. */
      readonly tokensPerSecond: number;
    };

export interface ModelInfo {
  /** Name for people and for `/v1/models`: the folder's. */
  readonly id: string;
  readonly folder: string;
  /** "qwen3", "llama", "qwen2" or "gpt2". */
  readonly architecture: string;
  readonly parameters: number;
  /** Tokens of prompt and answer together. */
  readonly contextLength: number;
  /** Milliseconds since 1970: when the weights were written. */
  readonly createdAt: number;
  /** SHA-256 of the chat template, hexadecimal; "" for a model without one, which completes but does not chat. */
  readonly templateHash: string;
}

export interface ChatEngine {
  readonly model: ModelInfo;
  /**
   * Answers a conversation through the model's chat template. Leaving the loop early frees the slot as aborting does.
   *
   * @throws {InvalidRequestError} from the first `next()`, for options outside their ranges or no messages
   * @throws {ContextLengthError} when the prompt leaves no room for a single token
   * @throws {EngineBusyError} when the queue is full
   * @throws {EngineCrashedError} when the worker died; a later request meets a new one
   */
  chat(messages: readonly ChatMessage[], options?: GenerationOptions, signal?: AbortSignal): AsyncIterable<EngineEvent>;
  /** Continues raw text without the template; special tokens written out in it are read as such. Throws as `chat`. */
  complete(prompt: string, options?: GenerationOptions, signal?: AbortSignal): AsyncIterable<EngineEvent>;
  /** Tokens that `chat` would read for these messages, the opening of the answer included. */
  countTokens(messages: readonly ChatMessage[]): Promise<number>;
  /** Ends what is running, refuses what is queued, frees the memory. */
  close(): Promise<void>;
}
