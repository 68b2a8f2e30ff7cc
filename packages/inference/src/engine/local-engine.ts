/** The engine around one language model: queue, prefix reuse, reading the prompt in chunks, the decoding loop. */
import { ContextLengthError, EngineClosedError, StalledReaderError } from "../errors.ts";
import type { LanguageModel } from "../model/language-model.ts";
import { Answer } from "./answer.ts";
import type { ChatEngine, ChatMessage, EngineEvent, GenerationOptions, ModelInfo } from "./chat-engine.ts";
import { checkMessages, type ResolvedOptions, resolveOptions } from "./generation-options.ts";
import { RequestQueue, type Ticket } from "./request-queue.ts";
import type { TextCodec } from "./text-codec.ts";

export interface LocalEngineParts {
  readonly model: LanguageModel;
  readonly codec: TextCodec;
  readonly info: ModelInfo;
  /** Sampling that the model's authors recommend. */
  readonly defaults?: GenerationOptions;
  /** Requests that may wait; default 64. */
  readonly queueLimit?: number;
  /** Prompt tokens read in one run, between which an abort is heard and progress told; default 256. */
  readonly prefillChunk?: number;
  /** A reader that leaves an event untaken for so long loses its slot; default 30,000. */
  readonly stallTimeoutMs?: number;
}

export class LocalEngine implements ChatEngine {
  readonly model: ModelInfo;
  readonly #language: LanguageModel;
  readonly #codec: TextCodec;
  readonly #defaults: GenerationOptions;
  readonly #prefillChunk: number;
  readonly #stallTimeoutMs: number;
  readonly #queue: RequestQueue;
  readonly #closing = new AbortController();
  /** Tokens whose keys and values lie in the cache. */
  #held: number[] = [];
  /** How long the last answers took, for those who are refused. */
  #secondsPerRequest = 1;

  constructor(parts: LocalEngineParts) {
    const { model, codec, info, defaults = {}, queueLimit = 64, prefillChunk = 256, stallTimeoutMs = 30_000 } = parts;
    this.model = info;
    this.#language = model;
    this.#codec = codec;
    this.#defaults = defaults;
    this.#prefillChunk = prefillChunk;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#queue = new RequestQueue({ slots: 1, limit: queueLimit });
  }

  async *chat(
    messages: readonly ChatMessage[],
    options: GenerationOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<EngineEvent, void> {
    checkMessages(messages);
    const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
    yield* this.#answer(characters, () => this.#codec.encodeChat(messages), options, signal);
  }

  complete(prompt: string, options: GenerationOptions = {}, signal?: AbortSignal): AsyncIterable<EngineEvent> {
    return this.#answer(prompt.length, () => this.#codec.encodeText(prompt), options, signal);
  }

  async countTokens(messages: readonly ChatMessage[]): Promise<number> {
    checkMessages(messages);
    return this.#codec.encodeChat(messages).length;
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closedError());
    await this.#language.release();
  }

  async *#answer(
    characters: number,
    encodePrompt: () => number[],
    given: GenerationOptions,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<EngineEvent, void> {
    this.#requireOpen();
    const options = resolveOptions(given, this.#defaults, this.#codec.vocabularySize);
    // A text far beyond the context is refused before the seconds that cutting it into tokens would take. A normaliser may
    // shorten what was typed, hence a quarter.
    const fewest = Math.floor(characters / (4 * this.#codec.longestTokenBytes));
    requireRoom(fewest, this.#language.contextLength, "at least ");
    const prompt = encodePrompt();
    requireRoom(prompt.length, this.#language.contextLength);
    const stalled = new AbortController();
    const anySignal = AbortSignal.any([
      this.#closing.signal,
      stalled.signal,
      ...(signal === undefined ? [] : [signal]),
    ]);
    const answer = new Answer(this.#codec, options, prompt, this.#language.contextLength);
    const ticket = this.#queue.enter(Math.ceil(this.#secondsPerRequest * (this.#queue.waiting + 1)));
    try {
      const hand = (events: AsyncIterable<EngineEvent>) => this.#handOver(events, ticket, anySignal, stalled);
      yield* hand(waitForTurn(ticket, anySignal));
      const startedAt = performance.now();
      yield* hand(this.#generate(answer, prompt, options, anySignal));
      this.#secondsPerRequest = (this.#secondsPerRequest + (performance.now() - startedAt) / 1000) / 2;
    } catch (error) {
      // Whatever ended the run, what the cache holds is known: `#held` changes only after a run has succeeded.
      if (!anySignal.aborted) throw error;
    } finally {
      ticket.leave();
    }
    this.#requireOpen();
    if (stalled.signal.aborted) throw stalledError(this.#stallTimeoutMs);
    // Nobody saw a token of what is being given up, so its rate would mean nothing; an end that was told is final.
    if (anySignal.aborted && answer.ended === undefined) yield* endOf(answer, prompt.length, 0);
  }

  /**
   * Gives events to the reader, and the slot to others when the signal aborts or the reader stalls meanwhile. The generator
   * is at rest then and runs no model; when it is resumed it sees the signal and touches neither model nor cache.
   */
  async *#handOver(
    events: AsyncIterable<EngineEvent>,
    ticket: Ticket,
    signal: AbortSignal,
    stalled: AbortController,
  ): AsyncGenerator<EngineEvent, void> {
    for await (const event of events) {
      const timer = setTimeout(() => stalled.abort(), this.#stallTimeoutMs).unref();
      // After its end an answer needs no slot, whether or not the reader asks on.
      if (signal.aborted || event.type === "end") ticket.leave();
      signal.addEventListener("abort", ticket.leave, { once: true });
      try {
        yield event;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", ticket.leave);
      }
    }
  }

  /** Checks the signal after every event, for the slot may be somebody else's by then. */
  async *#generate(
    answer: Answer,
    prompt: readonly number[],
    { seed }: ResolvedOptions,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, void> {
    if (signal.aborted) return;
    // The last token is read again even when it is held, for its logits are not kept.
    const cachedTokens = Math.min(commonPrefix(this.#held, prompt), prompt.length - 1);
    this.#forget(cachedTokens);
    yield { type: "start", promptTokens: prompt.length, cachedTokens, seed };

    if (signal.aborted) return;

    let logits: Float32Array | undefined;
    while (logits === undefined || this.#held.length < prompt.length) {
      const chunk = prompt.slice(this.#held.length, this.#held.length + this.#prefillChunk);
      logits = await this.#language.prefill(chunk, { signal });
      this.#held.push(...chunk);
      if (prompt.length - cachedTokens > this.#prefillChunk) {
        yield { type: "progress", promptTokensRead: this.#held.length, promptTokens: prompt.length };
        if (signal.aborted) return;
      }
    }

    const firstTokenAt = performance.now();
    for (;;) {
      const delta = answer.accept(logits);
      const seconds = (performance.now() - firstTokenAt) / 1000;
      if (delta !== undefined) yield { type: "delta", ...delta };
      if (answer.ended !== undefined) {
        yield* endOf(answer, prompt.length, seconds);
        return;
      }
      if (signal.aborted) return;
      logits = (await this.#language.step([{ sequence: 0, token: answer.lastToken! }], signal))[0]!;
      this.#held.push(answer.lastToken!);
    }
  }

  #forget(length: number): void {
    this.#held.length = length;
    this.#language.truncate(0, length);
  }

  #requireOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }
}

/** @returns the events that end an answer, the text that was held back first */
function* endOf(answer: Answer, promptTokens: number, seconds: number): Generator<EngineEvent, void> {
  const rest = answer.ended === undefined ? answer.abort() : undefined;
  if (rest !== undefined) yield { type: "delta", ...rest };
  const { completionTokens } = answer;
  yield {
    type: "end",
    ...answer.ended!,
    usage: { promptTokens, completionTokens },
    tokensPerSecond: completionTokens < 2 || seconds === 0 ? 0 : (completionTokens - 1) / seconds,
  };
}

async function* waitForTurn(ticket: Ticket, signal: AbortSignal): AsyncGenerator<EngineEvent, void> {
  while (!ticket.hasSlot && !signal.aborted) {
    yield { type: "queued", ahead: ticket.ahead };
    await ticket.moved(signal);
  }
}

function commonPrefix(one: readonly number[], other: readonly number[]): number {
  let length = 0;
  while (length < one.length && length < other.length && one[length] === other[length]) length++;
  return length;
}

function requireRoom(promptTokens: number, contextLength: number, atLeast = ""): void {
  if (promptTokens < contextLength) return;
  throw new ContextLengthError({
    where: "the prompt",
    found: `${atLeast}${promptTokens} tokens`,
    expected: `fewer than the model's context of ${contextLength}, so that an answer fits`,
    fix: "shorten the last message, or start a new conversation",
  });
}

function stalledError(timeoutMs: number): StalledReaderError {
  return new StalledReaderError({
    where: "the answer",
    found: `no reader for ${timeoutMs / 1000} s`,
    expected: "one that takes each event as it comes",
    fix: "ask again",
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
