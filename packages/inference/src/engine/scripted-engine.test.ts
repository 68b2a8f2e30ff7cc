import { expect, test } from "vitest";
import { EngineBusyError } from "../errors.ts";
import type { EngineEvent } from "./chat-engine.ts";
import { createScriptedEngine } from "./scripted-engine.ts";

const hello = [{ role: "user", content: "hello" }] as const;

async function collect(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const collected: EngineEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const textOf = (events: EngineEvent[]) => events.map((event) => (event.type === "delta" ? event.text : "")).join("");

test("replies come in turn, in words, with an end", async () => {
  const engine = createScriptedEngine({ replies: ["one two", { pieces: ["x"], reason: "context" }] });
  const first = await collect(engine.chat(hello, { seed: 7 }));
  expect(first.map(({ type }) => type)).toEqual(["start", "delta", "delta", "end"]);
  expect(first[0]).toEqual({ type: "start", promptTokens: 4, cachedTokens: 0, seed: 7 });
  expect(textOf(first)).toBe("one two");
  expect((await collect(engine.chat(hello))).at(-1)).toMatchObject({ reason: "context" });
  expect(engine.requests).toHaveLength(2);
});

test("stop texts and the longest answer are honoured", async () => {
  const engine = createScriptedEngine({ replies: ["one two three"] });
  const stopped = await collect(engine.chat(hello, { stop: ["e tw"] }));
  expect(textOf(stopped)).toBe("on");
  expect(stopped.at(-1)).toMatchObject({ reason: "stop", stopText: "e tw" });
  expect((await collect(engine.chat(hello, { maxTokens: 2 }))).at(-1)).toMatchObject({
    reason: "length",
    usage: { completionTokens: 2 },
  });
});

test("a second request waits its turn and a third beyond the limit is refused", async () => {
  const engine = createScriptedEngine({ replies: ["a b"], delayMs: 5, queueLimit: 1 });
  const first = collect(engine.chat(hello));
  const second = collect(engine.chat(hello));
  await expect(collect(engine.chat(hello))).rejects.toThrow(EngineBusyError);
  expect((await first)[0]).toMatchObject({ type: "start" });
  expect((await second).slice(0, 2)).toMatchObject([{ type: "queued", ahead: 1 }, { type: "start" }]);
  expect(engine.running).toBe(0);
});

test("aborting ends an answer, leaving the loop frees its slot, and a scripted error is thrown", async () => {
  const engine = createScriptedEngine({ replies: ["a b c", "a b c", { pieces: ["x"], error: new Error("boom") }] });
  const controller = new AbortController();
  const events: EngineEvent[] = [];
  for await (const event of engine.chat(hello, {}, controller.signal)) {
    events.push(event);
    if (event.type === "delta") controller.abort();
  }
  expect(events.at(-1)).toMatchObject({ type: "end", reason: "aborted" });
  for await (const event of engine.chat(hello)) if (event.type === "delta") break;
  expect(engine.running).toBe(0);
  await expect(collect(engine.chat(hello))).rejects.toThrow("boom");
});
