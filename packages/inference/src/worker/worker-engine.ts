/** The main thread's side: an engine that lives in a worker thread, started anew when the worker dies. */
import { Worker } from "node:worker_threads";
import type { ChatEngine, ChatMessage, EngineEvent, GenerationOptions, ModelInfo } from "../engine/chat-engine.ts";
import { EngineClosedError, EngineCrashedError } from "../errors.ts";
import { EventChannel } from "./event-channel.ts";
import { type FromWorker, type RequestBody, reviveError, type ToWorker } from "./messages.ts";

export interface WorkerEngine extends ChatEngine {
  /** How often the worker died and was started anew. */
  readonly restarts: number;
}

export interface WorkerEngineOptions {
  /** Module that calls `serveEngine` with its parentPort. */
  readonly entry: URL;
  /** What the entry finds as its workerData; must survive structured cloning. */
  readonly data: unknown;
  /** Told of every crash, for the log. */
  readonly onCrash?: (error: EngineCrashedError) => void;
}

/** Events in flight for one answer: enough to hide the threads' latency, few enough to stop the model soon. */
const creditWindow = 16;

/** One worker thread, from its start to its end. */
class Thread {
  readonly ready: Promise<ModelInfo>;
  readonly ended: Promise<void>;
  readonly answers = new Map<number, EventChannel<EngineEvent>>();
  readonly counts = new Map<number, { resolve: (tokens: number) => void; reject: (error: Error) => void }>();
  isReady = false;
  isDead = false;
  readonly #worker: Worker;
  #isClosing = false;

  constructor({ entry, data }: WorkerEngineOptions, onCrash: (thread: Thread, error: EngineCrashedError) => void) {
    const ready = Promise.withResolvers<ModelInfo>();
    const ended = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    // Whoever needs the model awaits `ready`; until somebody does, its failure is no unhandled rejection.
    this.ready.catch(() => undefined);
    let cause: unknown;
    this.#worker = new Worker(entry, { workerData: data });
    this.#worker.on("message", (message: FromWorker) => {
      if (message.type === "ready") {
        this.isReady = true;
        ready.resolve(message.model);
      } else if (message.type === "refused") ready.reject(reviveError(message.error));
      else this.#receive(message);
    });
    this.#worker.on("error", (error) => {
      cause = error;
    });
    this.#worker.on("exit", (code) => {
      this.isDead = true;
      const error = this.#isClosing ? closedError() : crashError(code, cause);
      ready.reject(error);
      for (const channel of this.answers.values()) channel.close(error);
      for (const { reject } of this.counts.values()) reject(error);
      ended.resolve();
      if (error instanceof EngineCrashedError) onCrash(this, error);
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.say({ type: "close" });
    await this.ended;
  }

  say(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: Exclude<FromWorker, { type: "ready" | "refused" }>): void {
    switch (message.type) {
      case "event":
        this.answers.get(message.id)?.push(message.event);
        return;
      case "done":
        this.answers.get(message.id)?.close();
        return;
      case "failed": {
        const error = reviveError(message.error);
        this.answers.get(message.id)?.close(error);
        this.counts.get(message.id)?.reject(error);
        return;
      }
      case "counted":
        this.counts.get(message.id)?.resolve(message.tokens);
        return;
      case "closed":
        return;
    }
  }
}

class ThreadedEngine implements WorkerEngine {
  readonly model: ModelInfo;
  restarts = 0;
  readonly #options: WorkerEngineOptions;
  #thread: Thread;
  #isClosed = false;
  #nextId = 0;

  private constructor(options: WorkerEngineOptions, thread: Thread, model: ModelInfo) {
    this.#options = options;
    this.#thread = thread;
    this.model = model;
  }

  static async create(options: WorkerEngineOptions): Promise<ThreadedEngine> {
    let engine: ThreadedEngine | undefined;
    const thread = new Thread(options, (dead, error) => engine?.onCrash(dead, error));
    const model = await thread.ready;
    engine = new ThreadedEngine(options, thread, model);
    return engine;
  }

  chat(
    messages: readonly ChatMessage[],
    options: GenerationOptions = {},
    signal?: AbortSignal,
  ): AsyncIterable<EngineEvent> {
    return this.#answer({ kind: "chat", messages, options }, signal);
  }

  complete(prompt: string, options: GenerationOptions = {}, signal?: AbortSignal): AsyncIterable<EngineEvent> {
    return this.#answer({ kind: "complete", prompt, options }, signal);
  }

  async countTokens(messages: readonly ChatMessage[]): Promise<number> {
    const thread = await this.#liveThread();
    const id = this.#nextId++;
    try {
      return await new Promise((resolve, reject) => {
        thread.counts.set(id, { resolve, reject });
        thread.say({ type: "count", id, messages });
      });
    } finally {
      thread.counts.delete(id);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#thread.isDead) await this.#thread.close();
  }

  /**
   * Starts the next thread at once, so that the model is loaded when somebody asks. A thread that died while loading is
   * not followed by another, which would die too: the next request tries again and gets the reason.
   */
  onCrash(thread: Thread, error: EngineCrashedError): void {
    this.#options.onCrash?.(error);
    if (thread === this.#thread && thread.isReady && !this.#isClosed) this.#restart();
  }

  #restart(): void {
    this.restarts++;
    this.#thread = new Thread(this.#options, (dead, error) => this.onCrash(dead, error));
  }

  async #liveThread(): Promise<Thread> {
    if (this.#isClosed) throw closedError();
    if (this.#thread.isDead) this.#restart();
    const thread = this.#thread;
    await thread.ready;
    return thread;
  }

  async *#answer(body: RequestBody, signal: AbortSignal | undefined): AsyncGenerator<EngineEvent, void> {
    const thread = await this.#liveThread();
    const id = this.#nextId++;
    const channel = new EventChannel<EngineEvent>();
    thread.answers.set(id, channel);
    const abort = () => thread.say({ type: "abort", id });
    let isComplete = false;
    try {
      thread.say({ type: "request", id, body, credits: creditWindow, isAborted: signal?.aborted === true });
      signal?.addEventListener("abort", abort, { once: true });
      let taken = 0;
      for (;;) {
        const event = await channel.next();
        if (event === undefined) break;
        yield event;
        if (++taken % (creditWindow / 2) === 0) thread.say({ type: "credit", id, credits: creditWindow / 2 });
      }
      isComplete = true;
    } finally {
      signal?.removeEventListener("abort", abort);
      thread.answers.delete(id);
      if (!isComplete && !thread.isDead) thread.say({ type: "leave", id });
    }
  }
}

/**
 * @throws whatever the worker's engine refused its options with
 * @throws {EngineCrashedError} when the worker died before it was ready
 */
export function createWorkerEngine(options: WorkerEngineOptions): Promise<WorkerEngine> {
  return ThreadedEngine.create(options);
}

function crashError(code: number, cause: unknown): EngineCrashedError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new EngineCrashedError(
    {
      where: "engine",
      found: `its worker thread ended with code ${code}${reason}`,
      expected: "it to run until it is closed",
      fix: "ask again, the model is being loaded anew; if it happens again, use a smaller model or context",
    },
    { cause },
  );
}

function closedError(): EngineClosedError {
  return new EngineClosedError({
    where: "engine",
    found: "a request to a closed engine",
    expected: "an open one",
    fix: "create a new engine",
  });
}
