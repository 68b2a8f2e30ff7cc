// What `chat` and `generate` need of the engine: a model that is loaded once and answers as a stream of text.

import { missingPart } from "./missing-part.ts";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** As in the schema of `chat` and `generate`. */
export interface SamplingChoice {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  repetitionPenalty: number;
  seed?: number | undefined;
  stop: string[];
  maxTokens: number;
}

export interface AnswerEnd {
  reason: "stop" | "length" | "aborted";
  promptTokens: number;
  tokens: number;
  seconds: number;
}

export interface Assistant {
  /** Name for people: the folder's, or "default". */
  readonly name: string;
  /** Tokens of prompt and answer together. */
  readonly context: number;
  /**
   * Streams an answer; whole characters only. The generator's return value says why it ended.
   * After `signal` aborts the stream ends with reason "aborted", without an error.
   */
  reply(
    messages: readonly ChatMessage[],
    choice: SamplingChoice,
    signal: AbortSignal,
  ): AsyncGenerator<string, AnswerEnd>;
  /** Continues raw text, without the chat template. */
  complete(prompt: string, choice: SamplingChoice, signal: AbortSignal): AsyncGenerator<string, AnswerEnd>;
  close(): Promise<void>;
}

/** Loads the model that `--model` names, or the newest, or the default one. */
export type OpenAssistant = (options: { home: string; model: string | undefined }) => Promise<Assistant>;

export const openAssistant: OpenAssistant = async () => {
  throw missingPart("the inference engine", "@myna/inference with a generation engine");
};
