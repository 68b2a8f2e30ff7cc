/** A chat engine as a language model of the AI SDK. */
import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4CallOptions,
  type LanguageModelV4FinishReason,
  type LanguageModelV4GenerateResult,
  type LanguageModelV4StreamPart,
  type LanguageModelV4StreamResult,
  type LanguageModelV4Usage,
  type SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import type { ChatEngine, EngineEvent, TokenLogProbability } from "../engine/chat-engine.ts";
import { EngineBusyError } from "../errors.ts";
import { type EngineCall, readCall } from "./read-call.ts";

export const providerName = "myna";

type EndEvent = Extract<EngineEvent, { type: "end" }>;

/** What is known at the end of an answer, told alike by both ways of asking. */
interface Finish {
  readonly finishReason: LanguageModelV4FinishReason;
  readonly usage: LanguageModelV4Usage;
  readonly providerMetadata: SharedV4ProviderMetadata;
}

export class EngineLanguageModel implements LanguageModelV4 {
  readonly specificationVersion = "v4";
  readonly provider = providerName;
  readonly supportedUrls = {};
  readonly #engine: ChatEngine;

  constructor(engine: ChatEngine) {
    this.#engine = engine;
  }

  get modelId(): string {
    return this.#engine.model.id;
  }

  /**
   * @throws the signal's reason when it aborted
   * @throws {APICallError} that may be retried, when the engine's queue is full
   * @throws {InvalidRequestError | ContextLengthError} from the engine
   */
  async doGenerate(call: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> {
    const read = readCall(call);
    let text = "";
    for await (const part of this.#parts(read, call.abortSignal)) {
      if (part.type === "text-delta") text += part.delta;
      if (part.type !== "finish") continue;
      const { type: _, ...finish } = part;
      return {
        content: text === "" ? [] : [{ type: "text", text }],
        ...finish,
        response: { modelId: this.modelId, timestamp: new Date() },
        warnings: read.warnings,
      };
    }
    throw new Error("internal: an answer ended without saying why");
  }

  /** Rejects as doGenerate for what is wrong with the call; what happens later is an "error" part of the stream. */
  async doStream(call: LanguageModelV4CallOptions): Promise<LanguageModelV4StreamResult> {
    // A reader may leave while an event is awaited, in the queue for long: returning the generator would wait for that event.
    const leaving = new AbortController();
    const signal = AbortSignal.any([leaving.signal, ...(call.abortSignal === undefined ? [] : [call.abortSignal])]);
    const parts = this.#parts(readCall(call), signal)[Symbol.asyncIterator]();
    // The engine checks a request before its first event; waiting for one lets such errors reject here.
    const first = await parts.next();
    let pending: IteratorResult<LanguageModelV4StreamPart> | undefined = first;
    const stream = new ReadableStream<LanguageModelV4StreamPart>({
      async pull(controller) {
        try {
          const result = pending ?? (await parts.next());
          pending = undefined;
          if (result.done) controller.close();
          else controller.enqueue(result.value);
        } catch (error) {
          if (call.abortSignal?.aborted) return controller.error(call.abortSignal.reason);
          controller.enqueue({ type: "error", error });
          controller.close();
        }
      },
      async cancel() {
        leaving.abort();
        await parts.return?.(undefined);
      },
    });
    return { stream };
  }

  async *#parts(call: EngineCall, signal: AbortSignal | undefined): AsyncGenerator<LanguageModelV4StreamPart, void> {
    const id = "answer";
    const tokens: TokenLogProbability[] = [];
    let cachedTokens = 0;
    let hasText = false;
    let isOpen = false;
    try {
      for await (const event of this.#engine.chat(call.messages, call.options, signal)) {
        if (!isOpen) {
          isOpen = true;
          yield { type: "stream-start", warnings: call.warnings };
          yield { type: "response-metadata", modelId: this.modelId, timestamp: new Date() };
        }
        if (event.type === "start") cachedTokens = event.cachedTokens;
        else if (event.type === "delta") {
          if (!hasText) yield { type: "text-start", id };
          hasText = true;
          tokens.push(...event.tokens);
          yield { type: "text-delta", id, delta: event.text };
        } else if (event.type === "end") {
          if (event.reason === "aborted") signal?.throwIfAborted();
          if (hasText) yield { type: "text-end", id };
          yield { type: "finish", ...finishOf(event, cachedTokens, tokens) };
        }
      }
    } catch (error) {
      throw error instanceof EngineBusyError ? retryable(error) : error;
    }
  }
}

function finishOf(end: EndEvent, cachedTokens: number, tokens: readonly TokenLogProbability[]): Finish {
  const { promptTokens, completionTokens } = end.usage;
  return {
    finishReason: { unified: end.reason === "context" ? "length" : unifiedReason(end), raw: end.reason },
    usage: {
      inputTokens: {
        total: promptTokens,
        noCache: promptTokens - cachedTokens,
        cacheRead: cachedTokens,
        cacheWrite: undefined,
      },
      outputTokens: { total: completionTokens, text: completionTokens, reasoning: 0 },
    },
    providerMetadata: {
      [providerName]: {
        tokensPerSecond: end.tokensPerSecond,
        ...(end.stopText !== undefined && { stopText: end.stopText }),
        ...(tokens.length > 0 && { logProbabilities: tokens.map(toJson) }),
      },
    },
  };
}

function unifiedReason({ reason }: EndEvent): "stop" | "length" | "other" {
  return reason === "stop" || reason === "length" ? reason : "other";
}

function toJson({ alternatives, ...token }: TokenLogProbability) {
  return { ...token, alternatives: alternatives.map((alternative) => ({ ...alternative })) };
}

/** The AI SDK waits and asks again after errors of this kind alone. */
function retryable(error: EngineBusyError): APICallError {
  return new APICallError({
    message: error.message,
    url: "myna:engine",
    requestBodyValues: {},
    statusCode: 429,
    responseHeaders: { "retry-after": String(error.retryAfterSeconds) },
    isRetryable: true,
    cause: error,
  });
}
