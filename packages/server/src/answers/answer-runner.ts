/**
 * Generates answers and keeps them: engine events become text in memory for the readers, rows in the database, and
 * one end. Nobody's connection matters here; an answer goes on when its reader leaves, until it is stopped.
 */
import type { ChatEngine, ChatMessage, EngineEvent } from "@myna/inference";
import type { SamplingOptions, Usage } from "@myna/protocol";
import { type AnswerResult, finishAnswer, saveProgress } from "../database/append-messages.ts";
import type { Database } from "../database/tables.ts";
import { describeError } from "../describe-error.ts";
import { RequestError } from "../errors.ts";
import type { Log } from "../log.ts";
import { type AnswerEnd, RunningAnswer } from "./running-answer.ts";

export interface AnswerRunnerOptions {
  readonly engine: ChatEngine;
  readonly database: Database;
  readonly log: Log;
  /** Longest time for one answer, waiting included. */
  readonly deadlineMs?: number;
  /** How often the text goes to the database. */
  readonly saveEveryMs?: number;
  /** Answers at once; the next is refused before anything is written. */
  readonly limit?: number;
}

export interface AnswerRunner {
  readonly count: number;
  /** Undefined once it has ended and the database has all of it. */
  find(messageId: string): RunningAnswer | undefined;
  /**
   * Claims a place under the id that the answer's row will have, so that readers find it as soon as the row is seen.
   *
   * @throws {RequestError} when too many answers are running or the server is closing
   */
  reserve(messageId: string, conversationId: string): RunningAnswer;
  /** Gives a place back whose row was not written. */
  cancel(running: RunningAnswer): void;
  /** Starts to generate into a row that exists; returns at once. */
  run(running: RunningAnswer, ownerId: string, prompt: readonly ChatMessage[], options: SamplingOptions): void;
  /** Ends when the database has the stopped answer; does nothing when it has ended already. */
  stop(messageId: string): Promise<void>;
  stopConversation(conversationId: string): Promise<void>;
  /** Lets answers finish for so long, then cuts them; new ones are refused from now on. */
  close(graceMs: number): Promise<void>;
}

export function createAnswerRunner(options: AnswerRunnerOptions): AnswerRunner {
  const { engine, database, log, deadlineMs = 600_000, saveEveryMs = 500, limit = 64 } = options;
  const answers = new Map<string, RunningAnswer>();
  const endings = new Map<string, Promise<void>>();
  let isClosing = false;

  /** Never throws: whatever happens becomes the end of the answer. */
  async function generate(
    running: RunningAnswer,
    ownerId: string,
    prompt: readonly ChatMessage[],
    sampling: SamplingOptions,
  ): Promise<void> {
    const deadline = setTimeout(() => running.abort("deadline"), deadlineMs);
    let result: AnswerResult;
    try {
      const ending = await read(running, ownerId, engine.chat(prompt, definedOf(sampling), running.signal));
      result = resultOf(running, ending);
    } catch (error) {
      result = failureOf(running, error);
    } finally {
      clearTimeout(deadline);
    }
    try {
      await finishAnswer(database, ownerId, running.messageId, result);
    } catch (error) {
      result = failureOf(running, error);
    }
    log({
      level: result.status === "failed" ? "error" : "info",
      event: "answer",
      messageId: running.messageId,
      status: result.status,
      reason: result.endReason ?? undefined,
      completionTokens: result.usage?.completionTokens,
      errorCode: result.error?.code,
    });
    running.end = endOf(running.messageId, result);
    answers.delete(running.messageId);
    endings.delete(running.messageId);
    running.change();
  }

  async function read(
    running: RunningAnswer,
    ownerId: string,
    events: AsyncIterable<EngineEvent>,
  ): Promise<{ end: Extract<EngineEvent, { type: "end" }>; cachedTokens: number } | undefined> {
    const { messageId } = running;
    let savedAt = performance.now();
    let cachedTokens = 0;
    for await (const event of events) {
      if (event.type === "end") return { end: event, cachedTokens };
      if (event.type === "queued") running.queued = { type: "queued", messageId, ahead: event.ahead };
      if (event.type === "start") {
        cachedTokens = event.cachedTokens;
        if (running.queued !== undefined) running.queued = { type: "queued", messageId, ahead: 0 };
      }
      if (event.type === "progress") {
        const { promptTokensRead, promptTokens } = event;
        running.progress = { type: "progress", messageId, promptTokensRead, promptTokens };
      }
      if (event.type === "delta") running.text += event.text;
      running.change();
      if (event.type === "delta" && performance.now() - savedAt >= saveEveryMs) {
        await saveProgress(database, ownerId, messageId, partsOf(running));
        savedAt = performance.now();
      }
    }
    return undefined;
  }

  function failureOf(running: RunningAnswer, error: unknown): AnswerResult {
    const described = describeError(error);
    if (described.code === "internal") {
      log({ level: "error", event: "answer-error", messageId: running.messageId, trace: described.trace });
    }
    return {
      ...emptyResult,
      parts: partsOf(running),
      status: "failed",
      error: { code: described.code, message: described.message },
    };
  }

  function stopWhere(isMeant: (running: RunningAnswer) => boolean, cause: "user" | "shutdown"): Promise<unknown> {
    const meant = [...answers.values()].filter(isMeant);
    for (const running of meant) running.abort(cause);
    return Promise.all(meant.map(({ messageId }) => endings.get(messageId)));
  }

  return {
    get count() {
      return answers.size;
    },
    find: (messageId) => answers.get(messageId),
    reserve(messageId, conversationId) {
      if (isClosing) throw closingError();
      if (answers.size >= limit) throw busyError(limit);
      const running = new RunningAnswer(messageId, conversationId);
      answers.set(messageId, running);
      return running;
    },
    cancel(running) {
      answers.delete(running.messageId);
    },
    run(running, ownerId, prompt, sampling) {
      endings.set(running.messageId, generate(running, ownerId, prompt, sampling));
    },
    async stop(messageId) {
      await stopWhere((running) => running.messageId === messageId, "user");
    },
    async stopConversation(conversationId) {
      await stopWhere((running) => running.conversationId === conversationId, "user");
    },
    async close(graceMs) {
      isClosing = true;
      let timer: NodeJS.Timeout | undefined;
      const grace = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([Promise.all(endings.values()), grace]);
      clearTimeout(timer);
      await stopWhere(() => true, "shutdown");
    },
  };
}

const emptyResult = { endReason: null, usage: null, tokensPerSecond: null, error: null } as const;

function partsOf({ text }: RunningAnswer): AnswerResult["parts"] {
  return text === "" ? [] : [{ type: "text", text }];
}

function resultOf(
  running: RunningAnswer,
  ending: { end: Extract<EngineEvent, { type: "end" }>; cachedTokens: number } | undefined,
): AnswerResult {
  if (ending === undefined) throw new Error("internal: the engine ended without saying why");
  const { end, cachedTokens } = ending;
  const usage: Usage = { ...end.usage, cachedTokens };
  const common = { parts: partsOf(running), usage, tokensPerSecond: end.tokensPerSecond, error: null };
  if (end.reason !== "aborted") return { ...common, status: "complete", endReason: end.reason };
  if (running.abortCause === "shutdown") return { ...common, status: "interrupted", endReason: null };
  if (running.abortCause === "deadline") throw deadlineError();
  return { ...common, status: "stopped", endReason: "aborted" };
}

function endOf(messageId: string, result: AnswerResult): AnswerEnd {
  const { status, endReason: reason, usage, tokensPerSecond, error } = result;
  if (status === "failed") {
    return { type: "error", messageId, code: error?.code ?? "internal", message: error?.message ?? "" };
  }
  return { type: "message-end", messageId, status, reason, usage, tokensPerSecond };
}

/** Fields that are undefined must be absent for the engine. */
function definedOf(options: SamplingOptions): Parameters<ChatEngine["chat"]>[1] {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function busyError(limit: number): RequestError {
  return new RequestError(
    "engine_busy",
    {
      where: "answers",
      found: `${limit} that are being written`,
      expected: "fewer at once",
      fix: "wait for one to end, or stop one",
    },
    { retryAfterSeconds: 5 },
  );
}

export function closingError(): RequestError {
  return new RequestError(
    "shutting_down",
    {
      where: "the server",
      found: "a request while it closes",
      expected: "a running server",
      fix: "send it again when the server is back",
    },
    { retryAfterSeconds: 5 },
  );
}

export function deadlineError(): RequestError {
  return new RequestError("timeout", {
    where: "the answer",
    found: "a model that was not done in time",
    expected: "an answer before the server's deadline",
    fix: "ask for fewer tokens, or try again when fewer people wait",
  });
}
