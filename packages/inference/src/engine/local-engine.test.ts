import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ContextLengthError,
  EngineBusyError,
  EngineClosedError,
  InvalidRequestError,
  StalledReaderError,
} from "../errors.ts";
import type { EngineEvent, GenerationOptions, ModelInfo } from "./chat-engine.ts";
import { byteTokens, byteVocabulary, createByteCodec } from "./fakes/byte-codec.ts";
import { certain, createFakeLanguageModel, type FakeLanguageModelOptions } from "./fakes/fake-language-model.ts";
import { LocalEngine, type LocalEngineParts } from "./local-engine.ts";

const info: ModelInfo = {
  id: "fake",
  folder: "fake",
  architecture: "qwen3",
  parameters: 0,
  contextLength: 1024,
  createdAt: 0,
  templateHash: "",
};

function createEngine(model: Partial<FakeLanguageModelOptions> = {}, parts: Partial<LocalEngineParts> = {}) {
  const language = createFakeLanguageModel({ vocabularySize: byteVocabulary, ...model });
  return { language, engine: new LocalEngine({ model: language, codec: createByteCodec(), info, ...parts }) };
}

/** A model that writes this text whatever it was asked, then ends its turn. */
function reciting(text: string) {
  const answer = [...new TextEncoder().encode(text), byteTokens.endOfTurn];
  const opening = "assistant\n".length;
  return (history: readonly number[]) => {
    const written = history.length - (history.lastIndexOf(byteTokens.startOfTurn) + 1 + opening);
    return certain(answer[written] ?? byteTokens.endOfTurn, byteVocabulary);
  };
}

async function collect(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const collected: EngineEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const deltasOf = (events: EngineEvent[]) => events.filter((event) => event.type === "delta");
const textOf = (events: EngineEvent[]) =>
  deltasOf(events)
    .map(({ text }) => text)
    .join("");
const hello = [{ role: "user", content: "hi" }] as const;
const helloTokens = 20;

test("an answer streams in whole characters and ends with the turn", async () => {
  const { engine } = createEngine({ logits: reciting("你好 🐦‍⬛!") });
  const events = await collect(engine.chat(hello));
  expect(textOf(events)).toBe("你好 🐦‍⬛!");
  for (const { text } of deltasOf(events)) expect(text).not.toContain("\ufffd");
  expect(events[0]).toMatchObject({ type: "start", promptTokens: helloTokens, cachedTokens: 0 });
  expect(events.at(-1)).toMatchObject({
    type: "end",
    reason: "stop",
    usage: { promptTokens: helloTokens, completionTokens: 19 },
  });
});

test("every stop text is honoured wherever token boundaries fall, and none of it is shown", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom("a", "b", "好"), maxLength: 12 }),
      fc.string({ unit: fc.constantFrom("a", "b", "好"), minLength: 1, maxLength: 3 }),
      async (text, stop) => {
        const { engine } = createEngine({ logits: reciting(text) });
        const events = await collect(engine.chat(hello, { stop: [stop] }));
        expect(textOf(events)).toBe(text.split(stop)[0]);
        expect(events.at(-1)).toMatchObject({ reason: "stop", ...(text.includes(stop) ? { stopText: stop } : {}) });
      },
    ),
    { numRuns: 60 },
  );
});

test("maxTokens ends an answer, and a character that it cut in two is not shown", async () => {
  const { engine } = createEngine({ logits: reciting("a好b") });
  const events = await collect(engine.chat(hello, { maxTokens: 3 }));
  expect(textOf(events)).toBe("a");
  expect(events.at(-1)).toMatchObject({ reason: "length", usage: { completionTokens: 3 } });
});

test("an answer that fills the context ends with that reason, and a prompt that fills it is refused", async () => {
  const { engine, language } = createEngine({ contextLength: 24, logits: reciting("abcdefghijk") });
  const events = await collect(engine.chat(hello));
  expect(events.at(-1)).toMatchObject({ reason: "context", usage: { promptTokens: helloTokens, completionTokens: 4 } });
  expect(textOf(events)).toBe("abcd");
  expect(language.length(0)).toBeLessThanOrEqual(24);
  const long = [{ role: "user", content: "hello world" }] as const;
  await expect(collect(engine.chat(long))).rejects.toThrow(ContextLengthError);
});

test("a text far beyond the context is refused before it is cut into tokens", async () => {
  const codec = { ...createByteCodec(), encodeChat: () => expect.fail("it was cut") };
  const { engine } = createEngine({}, { codec });
  const huge = [{ role: "user", content: "x".repeat(10_000_000) }] as const;
  await expect(collect(engine.chat(huge))).rejects.toThrow("found at least 2500000 tokens; expected fewer than");
});

test("characters that are half, invisible or reversing come through as they are", async () => {
  const odd = "\u0000 \u202Eabc \u200D \r\n\ufeff";
  const { engine, language } = createEngine({ logits: reciting(odd) });
  const events = await collect(engine.chat([{ role: "user", content: `\ud800${odd}` }]));
  expect(textOf(events)).toBe(odd);
  expect(language.histories[0]!.slice(6, 9)).toEqual([0xef, 0xbf, 0xbd]); // a lone surrogate is U+FFFD
});

test("the next turn of a conversation reads only what is new", async () => {
  const { engine, language } = createEngine({ logits: reciting("fine") });
  await collect(engine.chat(hello));
  const next = [...hello, { role: "assistant", content: "fine" }, { role: "user", content: "so?" }] as const;
  const events = await collect(engine.chat(next));
  // The first prompt and the answer are held; the end of the turn was chosen but never fed.
  expect(events[0]).toMatchObject({ cachedTokens: helloTokens + 4 });
  expect(language.histories[0]!.slice(0, 30)).toEqual(createByteCodec().encodeChat(next).slice(0, 30));
  const again = await collect(engine.chat(next));
  expect(again[0]).toMatchObject({ cachedTokens: createByteCodec().encodeChat(next).length - 1 });
  expect(textOf(again)).toBe("fine");
});

test("a long prompt is read in chunks with progress", async () => {
  const { engine, language } = createEngine({ logits: reciting("ok") }, { prefillChunk: 8 });
  const events = await collect(engine.chat(hello));
  expect(events.filter((event) => event.type === "progress").map((event) => event.promptTokensRead)).toEqual([
    8,
    16,
    helloTokens,
  ]);
  expect(language.runs.slice(0, 3)).toEqual([8, 8, 4]);
});

test("a seed decides the answer; another gives another", async () => {
  const { engine } = createEngine();
  const answer = async (options: GenerationOptions) =>
    textOf(await collect(engine.complete("x", { maxTokens: 30, ...options })));
  expect(await answer({ seed: 1 })).toBe(await answer({ seed: 1 }));
  expect(await answer({ seed: 1 })).not.toBe(await answer({ seed: 2 }));
});

test("an aborted answer ends as such, keeps the cache sound and frees the slot", async () => {
  const { engine, language } = createEngine({ logits: reciting("abcdef"), runMs: 1 });
  const controller = new AbortController();
  const events: EngineEvent[] = [];
  for await (const event of engine.chat(hello, {}, controller.signal)) {
    events.push(event);
    if (event.type === "delta" && event.text === "c") controller.abort();
  }
  expect(textOf(events)).toBe("abc");
  expect(events.at(-1)).toMatchObject({ type: "end", reason: "aborted", usage: { completionTokens: 3 } });
  const again = await collect(engine.chat(hello));
  expect(textOf(again)).toBe("abcdef");
  expect(again[0]).toMatchObject({ cachedTokens: helloTokens - 1 });
  expect(language.histories[0]).toHaveLength(helloTokens + 6);
});

test("an abort during a run, in the queue, or before the start ends with reason aborted", async () => {
  const { engine } = createEngine({ logits: reciting("abcdef"), runMs: 20 });
  const running = new AbortController();
  const queued = new AbortController();
  const first = collect(engine.chat(hello, {}, running.signal));
  const second = collect(engine.chat(hello, {}, queued.signal));
  await new Promise((resolve) => setTimeout(resolve, 30));
  queued.abort();
  expect((await second).map(({ type }) => type)).toEqual(["queued", "end"]);
  running.abort();
  expect((await first).at(-1)).toMatchObject({ reason: "aborted" });
  const early = await collect(engine.chat(hello, {}, AbortSignal.abort()));
  expect(early).toMatchObject([{ type: "end", reason: "aborted", usage: { completionTokens: 0 } }]);
});

test("text that was held back for a stop text is shown when the answer is aborted", async () => {
  const { engine } = createEngine({ logits: reciting("ab##cd"), runMs: 1 });
  const controller = new AbortController();
  let runs = 0;
  const events: EngineEvent[] = [];
  for await (const event of engine.chat(hello, { stop: ["b###"] }, controller.signal)) {
    events.push(event);
    if (event.type === "delta" && ++runs === 1) setTimeout(() => controller.abort(), 0);
  }
  const text = textOf(events);
  expect("ab##cd".startsWith(text)).toBe(true);
  expect(text.length).toBe(
    events.at(-1)!.type === "end"
      ? (events.at(-1) as { usage: { completionTokens: number } }).usage.completionTokens
      : -1,
  );
});

test("an abort frees the slot even while nobody reads, and the answer touches the cache no more", async () => {
  for (const reads of [1, 2, 5]) {
    const { engine, language } = createEngine({ logits: reciting("abcdef") }, { prefillChunk: 8 });
    const controller = new AbortController();
    const idle = engine.chat(hello, {}, controller.signal)[Symbol.asyncIterator]();
    for (let count = 0; count < reads; count++) await idle.next();
    const other = collect(engine.chat([{ role: "user", content: "somebody else" }]));
    controller.abort();
    expect(textOf(await other)).toBe("abcdef");
    const history = [...language.histories[0]!];
    const rest = await collect({ [Symbol.asyncIterator]: () => idle });
    expect(rest.map(({ type }) => type)).toEqual(["end"]);
    expect(rest[0]).toMatchObject({ reason: "aborted" });
    expect(language.histories[0]).toEqual(history);
  }
});

test("a reader that stalls loses its slot, in the queue too, and is told so when it comes back", async () => {
  const { engine } = createEngine({ logits: reciting("abcdef") }, { stallTimeoutMs: 30 });
  const idle = engine.chat(hello)[Symbol.asyncIterator]();
  await idle.next();
  const queued = engine.chat(hello)[Symbol.asyncIterator]();
  expect(await queued.next()).toMatchObject({ value: { type: "queued" } });
  expect(textOf(await collect(engine.chat(hello)))).toBe("abcdef");
  await expect(idle.next()).rejects.toThrow("no reader for 0.03 s");
  await expect(queued.next()).rejects.toThrow(StalledReaderError);
});

test("leaving the loop frees the slot", async () => {
  const { engine } = createEngine({ logits: reciting("abcdef") });
  for await (const event of engine.chat(hello)) if (event.type === "delta") break;
  expect(textOf(await collect(engine.chat(hello)))).toBe("abcdef");
});

test("requests are answered in the order they came, each told its place, and a full queue refuses", async () => {
  const { engine } = createEngine({ logits: reciting("ab"), runMs: 1 }, { queueLimit: 2 });
  const order: number[] = [];
  const requests = [1, 2, 3].map(async (number) => {
    const events = await collect(engine.chat(hello));
    order.push(number);
    return events.filter((event) => event.type === "queued").map(({ ahead }) => ahead);
  });
  await expect(collect(engine.chat(hello))).rejects.toThrow(EngineBusyError);
  expect(await Promise.all(requests)).toEqual([[], [1], [2, 1]]);
  expect(order).toEqual([1, 2, 3]);
});

test("log-probabilities come with the text they belong to, with alternatives", async () => {
  const { engine } = createEngine({ logits: reciting("a好##b") });
  const events = await collect(engine.chat(hello, { stop: ["##b"], logProbabilities: 2 }));
  const deltas = deltasOf(events);
  expect(deltas.map(({ text }) => text)).toEqual(["a", "好"]);
  expect(deltas.map(({ tokens }) => tokens.map(({ id }) => id))).toEqual([[97], [0xe5, 0xa5, 0xbd]]);
  expect(deltas[0]!.tokens[0]).toMatchObject({ text: "a", bytes: [97], alternatives: [{ id: 97 }, { id: 0 }] });
  expect(deltas[0]!.tokens[0]!.logProbability).toBeCloseTo(0, 6);
  expect(deltasOf(await collect(engine.chat(hello)))[0]!.tokens).toEqual([]);
});

test("options are checked before anything runs", async () => {
  const { engine, language } = createEngine();
  await expect(collect(engine.chat(hello, { topP: 2 }))).rejects.toThrow(InvalidRequestError);
  await expect(collect(engine.chat([]))).rejects.toThrow(InvalidRequestError);
  expect(language.runs).toEqual([]);
});

test("closing ends what runs and what waits with a clear error and frees the model", async () => {
  const { engine, language } = createEngine({ runMs: 5 });
  const running = collect(engine.chat(hello));
  const waiting = collect(engine.chat(hello));
  const settled = Promise.allSettled([running, waiting]);
  await new Promise((resolve) => setTimeout(resolve, 8));
  await engine.close();
  await engine.close();
  for (const result of await settled) expect(result).toMatchObject({ reason: expect.any(EngineClosedError) });
  expect(language.isReleased).toBe(true);
  await expect(collect(engine.chat(hello))).rejects.toThrow(EngineClosedError);
});
