import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { EngineEvent } from "../engine/chat-engine.ts";
import {
  ContextLengthError,
  EngineBusyError,
  EngineClosedError,
  EngineCrashedError,
  InferenceError,
  InvalidRequestError,
  ModelRefusedError,
} from "../errors.ts";
import type { FakesEntryData } from "./fakes-entry.ts";
import { describeError, reviveError } from "./messages.ts";
import { createWorkerEngine, type WorkerEngine } from "./worker-engine.ts";

const entry = new URL("./fakes-entry.ts", import.meta.url);
const hello = [{ role: "user", content: "hi" }] as const;
const open: WorkerEngine[] = [];

async function start(data: Partial<FakesEntryData> = {}, onCrash?: (error: EngineCrashedError) => void) {
  const tokensProduced = new SharedArrayBuffer(4);
  const engine = await createWorkerEngine({
    entry,
    data: { text: "你好 ", tokensProduced, ...data } satisfies FakesEntryData,
    ...(onCrash && { onCrash }),
  });
  open.push(engine);
  return { engine, produced: () => Atomics.load(new Int32Array(tokensProduced), 0) };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

async function collect(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const collected: EngineEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const textOf = (events: EngineEvent[]) => events.map((event) => (event.type === "delta" ? event.text : "")).join("");

test("a worker answers as an engine in this thread does", async () => {
  const { engine } = await start();
  expect(engine.model).toMatchObject({ id: "fake", contextLength: 4096 });
  const events = await collect(engine.chat(hello, { maxTokens: 70, seed: 3 }));
  expect(textOf(events)).toBe("你好 ".repeat(10));
  expect(events[0]).toEqual({ type: "start", promptTokens: 20, cachedTokens: 0, seed: 3 });
  expect(events.at(-1)).toMatchObject({ type: "end", reason: "length" });
  expect(await engine.countTokens(hello)).toBe(20);
  expect(textOf(await collect(engine.complete("0123456789", { maxTokens: 7 })))).toBe("你好 ");
});

test("a reader who is slow pauses the model", async () => {
  const { engine, produced } = await start();
  const events = engine.chat(hello, { maxTokens: 600 })[Symbol.asyncIterator]();
  await events.next();
  await wait(150);
  const early = produced();
  // At most the window of credits, in events of three tokens or fewer.
  expect(early).toBeLessThan(60);
  let last: EngineEvent | undefined;
  for (let result = await events.next(); !result.done; result = await events.next()) last = result.value;
  expect(last).toMatchObject({ reason: "length", usage: { completionTokens: 600 } });
});

test("an abort frees the slot even while nobody reads", async () => {
  const { engine } = await start();
  const controller = new AbortController();
  const idle = engine.chat(hello, {}, controller.signal)[Symbol.asyncIterator]();
  await idle.next();
  await wait(50);
  const other = collect(engine.chat(hello, { maxTokens: 7 }));
  controller.abort();
  expect(textOf(await other)).toBe("你好 ");
  let last: EngineEvent | undefined;
  for (let result = await idle.next(); !result.done; result = await idle.next()) last = result.value;
  expect(last).toMatchObject({ reason: "aborted" });
});

test("aborting and leaving both stop the model and free the slot", async () => {
  const { engine, produced } = await start();
  const controller = new AbortController();
  const events: EngineEvent[] = [];
  for await (const event of engine.chat(hello, {}, controller.signal)) {
    events.push(event);
    if (events.length === 5) controller.abort();
  }
  expect(events.at(-1)).toMatchObject({ reason: "aborted" });
  for await (const event of engine.chat(hello)) if (event.type === "delta") break;
  await collect(engine.chat(hello, { maxTokens: 1 }));
  const count = produced();
  await wait(50);
  expect(produced()).toBe(count);
  const early = await collect(engine.chat(hello, {}, AbortSignal.abort()));
  expect(early).toMatchObject([{ type: "end", reason: "aborted" }]);
});

test("errors cross the thread with their class, text and fields", async () => {
  const { engine } = await start({ queueLimit: 0 });
  await expect(collect(engine.chat(hello, { topP: 7 }))).rejects.toThrow(InvalidRequestError);
  await expect(collect(engine.complete("x".repeat(5000)))).rejects.toThrow(ContextLengthError);
  await expect(engine.countTokens([])).rejects.toThrow("messages: found no message");
  const running = engine.chat(hello)[Symbol.asyncIterator]();
  await running.next();
  const refused = collect(engine.chat(hello));
  await expect(refused).rejects.toThrow(EngineBusyError);
  await expect(refused).rejects.toMatchObject({ isUserError: true, retryAfterSeconds: expect.any(Number) });
  await running.return!();
  await expect(start({ refuses: true })).rejects.toThrow(ModelRefusedError);
});

test("an error of another package keeps its name and its fields", () => {
  const foreign = Object.assign(new Error("a: found b; expected c. To fix: d."), {
    name: "ConfigError",
    isUserError: true,
    details: { where: "a", found: "b", expected: "c", fix: "d" },
  });
  const revived = reviveError(structuredClone(describeError(foreign)));
  expect(revived).toBeInstanceOf(InferenceError);
  expect(revived).toMatchObject({ name: "ConfigError", message: foreign.message, isUserError: true });
  expect(reviveError(describeError(new RangeError("plain")))).toMatchObject({ name: "RangeError", message: "plain" });
  expect(reviveError(describeError("text")).message).toBe("internal: text was thrown");
});

test("a worker that dies fails what it was doing readably, and the next request meets a new one", async () => {
  const crashes: EngineCrashedError[] = [];
  const { engine } = await start({}, (error) => crashes.push(error));
  const doomed = collect(engine.complete("die!"));
  await expect(doomed).rejects.toThrow(EngineCrashedError);
  await expect(doomed).rejects.toThrow("its worker thread ended with code 1: the model exploded");
  expect(textOf(await collect(engine.chat(hello, { maxTokens: 7 })))).toBe("你好 ");
  expect(engine.restarts).toBe(1);
  expect(crashes).toHaveLength(1);
});

test("closing ends what runs with a clear error, and nothing can be asked any more", async () => {
  const { engine } = await start();
  const running = collect(engine.chat(hello));
  const outcome = expect(running).rejects.toThrow(EngineClosedError);
  await wait(20);
  await engine.close();
  await outcome;
  await expect(collect(engine.chat(hello))).rejects.toThrow(EngineClosedError);
  await engine.close();
});
