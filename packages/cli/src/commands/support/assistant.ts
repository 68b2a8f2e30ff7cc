// What `chat` and `generate` need of the engine: a model that is loaded once and answers as a stream of text.

import type { ChatMessage, EngineEvent, GenerationOptions } from "@myna/inference";
import { findModel } from "./model-folder.ts";

export type { ChatMessage } from "@myna/inference";

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
  /** context: prompt and answer have filled the model's memory. */
  reason: "stop" | "length" | "context" | "aborted";
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

export const openAssistant: OpenAssistant = async ({ home, model }) => {
  const { name, folder } = findModel(model, home);
  const { createEngine } = await import("@myna/inference");
  const engine = await createEngine({ folder, id: name });
  return {
    name,
    context: engine.model.contextLength,
    reply: (messages, choice, signal) => textOf(engine.chat(messages, optionsOf(choice), signal)),
    complete: (prompt, choice, signal) => textOf(engine.complete(prompt, optionsOf(choice), signal)),
    close: () => engine.close(),
  };
};

function optionsOf({ seed, ...choice }: SamplingChoice): GenerationOptions {
  const { temperature, topK, topP, minP, repetitionPenalty, stop, maxTokens } = choice;
  return { temperature, topK, topP, minP, repetitionPenalty, stop, maxTokens, ...(seed !== undefined && { seed }) };
}

async function* textOf(events: AsyncIterable<EngineEvent>): AsyncGenerator<string, AnswerEnd> {
  const started = performance.now();
  for await (const event of events) {
    if (event.type === "delta" && event.text !== "") yield event.text;
    if (event.type !== "end") continue;
    const { promptTokens, completionTokens } = event.usage;
    const seconds = (performance.now() - started) / 1000;
    return { reason: event.reason, promptTokens, tokens: completionTokens, seconds };
  }
  throw new Error("internal: the engine ended without saying why");
}
