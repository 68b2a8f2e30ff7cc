/** An engine that answers from a list, for the tests of whatever stands in front of an engine. Needs no weights. */
import { EngineClosedError } from "../errors.ts";
import type { ChatEngine, ChatMessage, EndReason, EngineEvent, GenerationOptions, ModelInfo } from "./chat-engine.ts";
import { checkMessages, resolveOptions } from "./generation-options.ts";
import { RequestQueue } from "./request-queue.ts";
import { StopScanner } from "./stop-texts.ts";

/** One answer: its pieces become one "delta" each. A text stands for its words. */
export interface ScriptedReply {
  readonly pieces: readonly string[];
  /** Default "stop". */
  readonly reason?: EndReason;
  readonly stopText?: string;
  /** Thrown after the pieces, instead of an end. */
  readonly error?: Error;
  /** Told in "start"; default 0. */
  readonly cachedTokens?: number;
}

export interface ScriptedEngineOptions {
  /** Used in turn, again from the first after the last. A function sees the request and decides. */
  readonly replies:
    | readonly (string | ScriptedReply)[]
    | ((messages: readonly ChatMessage[], options: GenerationOptions) => string | ScriptedReply);
  /** Pause before each piece; default 0. */
  readonly delayMs?: number;
  /** Requests at once; others wait and are told their place. Default 1. */
  readonly slots?: number;
  /** Requests that may wait; the next is refused with EngineBusyError. Default unlimited. */
  readonly queueLimit?: number;
  readonly model?: Partial<ModelInfo>;
}

/** What a test may look at and steer. */
export interface ScriptedEngine extends ChatEngine {
  /** Every request so far; a completion's prompt appears as one user message. */
  readonly requests: readonly { readonly messages: readonly ChatMessage[]; readonly options: GenerationOptions }[];
  readonly running: number;
  readonly isClosed: boolean;
}

/** Tokens are words here, each with the blanks before it: "a bc" is two. */
export function scriptedTokens(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** Honours maxTokens, stop texts, the signal and the queue as a real engine does; sampling options are only checked. */
export function createScriptedEngine(options: ScriptedEngineOptions): ScriptedEngine {
  const { replies, delayMs = 0, slots = 1, queueLimit = Number.POSITIVE_INFINITY } = options;
  const model: ModelInfo = {
    id: "scripted",
    folder: "scripted",
    architecture: "qwen3",
    parameters: 0,
    contextLength: 4096,
    createdAt: 0,
    templateHash: "0".repeat(64),
    ...options.model,
  };
  const requests: { messages: readonly ChatMessage[]; options: GenerationOptions }[] = [];
  const queue = new RequestQueue({ slots, limit: queueLimit });
  const closing = new AbortController();
  let isClosed = false;

  function nextReply(messages: readonly ChatMessage[], generation: GenerationOptions, index: number): ScriptedReply {
    const reply = typeof replies === "function" ? replies(messages, generation) : replies[index % replies.length];
    if (reply === undefined) return { pieces: [] };
    return typeof reply === "string" ? { pieces: scriptedTokens(reply) } : reply;
  }

  async function* answer(
    messages: readonly ChatMessage[],
    generation: GenerationOptions,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<EngineEvent, void> {
    if (isClosed) throw closedError();
    const resolved = resolveOptions(generation);
    const promptTokens = countMessageTokens(messages);
    const reply = nextReply(messages, generation, requests.length);
    requests.push({ messages, options: generation });
    let completionTokens = 0;
    const startedAt = performance.now();
    const end = (reason: EndReason, stopText?: string): EngineEvent => ({
      type: "end",
      reason,
      ...(stopText === undefined ? {} : { stopText }),
      usage: { promptTokens, completionTokens },
      tokensPerSecond: completionTokens < 2 ? 0 : (completionTokens * 1000) / (performance.now() - startedAt + 0.001),
    });

    const ticket = queue.enter();
    // Also while nobody reads: an aborted answer holds no slot.
    signal?.addEventListener("abort", ticket.leave, { once: true });
    try {
      while (!ticket.hasSlot && !signal?.aborted && !isClosed) {
        yield { type: "queued", ahead: ticket.ahead };
        await ticket.moved(AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]));
      }
      if (signal?.aborted) return yield end("aborted");
      if (isClosed) throw closedError();
      yield { type: "start", promptTokens, cachedTokens: reply.cachedTokens ?? 0, seed: resolved.seed };
      const scanner = new StopScanner(resolved.stop);
      const delta = (text: string): EngineEvent[] =>
        text === "" ? [] : [{ type: "delta", text, tokens: logProbabilitiesOf(text, generation) }];
      for (const piece of reply.pieces) {
        if (!(await pause(delayMs, signal))) return yield end("aborted");
        if (isClosed) throw closedError();
        completionTokens++;
        const { text, stopText } = scanner.push(piece);
        yield* delta(text);
        if (stopText !== undefined) return yield end("stop", stopText);
        if (completionTokens >= (resolved.maxTokens ?? Number.POSITIVE_INFINITY)) {
          yield* delta(scanner.flush());
          return yield end("length");
        }
      }
      if (signal?.aborted) return yield end("aborted");
      if (reply.error !== undefined) throw reply.error;
      yield* delta(scanner.flush());
      yield end(reply.reason ?? "stop", reply.stopText);
    } finally {
      signal?.removeEventListener("abort", ticket.leave);
      ticket.leave();
    }
  }

  return {
    model,
    requests,
    get running() {
      return queue.running;
    },
    get isClosed() {
      return isClosed;
    },
    async *chat(messages, generation = {}, signal) {
      checkMessages(messages);
      yield* answer(messages, generation, signal);
    },
    complete: (prompt, generation = {}, signal) => answer([{ role: "user", content: prompt }], generation, signal),
    async countTokens(messages) {
      return countMessageTokens(messages);
    },
    async close() {
      isClosed = true;
      closing.abort();
    },
  };
}

function countMessageTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + scriptedTokens(content).length + 2, 1);
}

function logProbabilitiesOf(text: string, { logProbabilities }: GenerationOptions) {
  if (logProbabilities === undefined) return [];
  const candidate = { id: 1, text, bytes: [...new TextEncoder().encode(text)], logProbability: -0.5 };
  return [{ ...candidate, alternatives: logProbabilities === 0 ? [] : [candidate] }];
}

/** False when the signal ended it. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const finish = (isDone: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      resolve(isDone);
    };
    const leave = () => finish(false);
    const timer = setTimeout(() => finish(true), ms);
    signal?.addEventListener("abort", leave, { once: true });
  });
}

function closedError(): EngineClosedError {
  return new EngineClosedError({
    where: "engine",
    found: "a request to a closed engine",
    expected: "an open one",
    fix: "create a new engine",
  });
}
