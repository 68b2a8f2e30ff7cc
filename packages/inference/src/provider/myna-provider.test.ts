import {
  APICallError,
  type LanguageModelV4CallOptions,
  NoSuchModelError,
  UnsupportedFunctionalityError,
} from "@ai-sdk/provider";
import { expect, test } from "vitest";
import { createScriptedEngine } from "../engine/scripted-engine.ts";
import { InvalidRequestError } from "../errors.ts";
import { createMynaProvider } from "./myna-provider.ts";

const prompt: LanguageModelV4CallOptions["prompt"] = [
  { role: "system", content: "Be brief." },
  {
    role: "user",
    content: [
      { type: "text", text: "Say " },
      { type: "text", text: "hello" },
    ],
  },
];

async function readAll<Part>(stream: ReadableStream<Part>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

test("doGenerate gives text, usage and finish reason", async () => {
  const engine = createScriptedEngine({ replies: [{ pieces: ["hello ", "there"], cachedTokens: 3 }] });
  const model = createMynaProvider(engine)();
  const result = await model.doGenerate({
    prompt,
    temperature: 0.5,
    maxOutputTokens: 9,
    stopSequences: ["x"],
    seed: 4,
  });
  expect(result.content).toEqual([{ type: "text", text: "hello there" }]);
  expect(result.finishReason).toEqual({ unified: "stop", raw: "stop" });
  expect(result.usage).toEqual({
    inputTokens: { total: 9, noCache: 6, cacheRead: 3, cacheWrite: undefined },
    outputTokens: { total: 2, text: 2, reasoning: 0 },
  });
  expect(result.warnings).toEqual([]);
  expect(engine.requests).toEqual([
    {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Say hello" },
      ],
      options: { temperature: 0.5, maxTokens: 9, stop: ["x"], seed: 4 },
    },
  ]);
});

test("doStream gives parts in the specification's order", async () => {
  const model = createMynaProvider(createScriptedEngine({ replies: [{ pieces: ["a", "b"], reason: "context" }] }))();
  const { stream } = await model.doStream({ prompt });
  const parts = await readAll(stream);
  expect(parts.map(({ type }) => type)).toEqual([
    "stream-start",
    "response-metadata",
    "text-start",
    "text-delta",
    "text-delta",
    "text-end",
    "finish",
  ]);
  expect(parts.at(-1)).toMatchObject({ finishReason: { unified: "length", raw: "context" } });
});

test("settings that cannot be honoured are warned of, ours are passed on", async () => {
  const engine = createScriptedEngine({ replies: ["x"] });
  const { warnings, providerMetadata } = await createMynaProvider(engine)("scripted").doGenerate({
    prompt: [
      ...prompt,
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm" },
          { type: "text", text: "Hi" },
        ],
      },
    ],
    presencePenalty: 1,
    frequencyPenalty: 0,
    tools: [{ type: "function", name: "f", inputSchema: {} }],
    responseFormat: { type: "json" },
    reasoning: "high",
    providerOptions: { myna: { minP: 0.1, logProbabilities: 1, beam: 4 }, other: { x: 1 } },
  });
  expect(warnings.map((warning) => ("feature" in warning ? warning.feature : warning.type))).toEqual([
    "other",
    "presencePenalty",
    "tools",
    "responseFormat",
    "reasoning",
    "providerOptions.myna.beam",
  ]);
  expect(engine.requests[0]!.options).toEqual({ minP: 0.1, logProbabilities: 1 });
  expect(providerMetadata?.myna?.logProbabilities).toHaveLength(1);
});

test("files and tool results are refused, text files are read", async () => {
  const engine = createScriptedEngine({ replies: ["x"] });
  const model = createMynaProvider(engine)();
  const file = (data: { type: "text"; text: string } | { type: "data"; data: string }, mediaType: string) =>
    model.doGenerate({ prompt: [{ role: "user", content: [{ type: "file", data, mediaType }] }] });
  await file({ type: "text", text: "notes" }, "text/plain");
  expect(engine.requests[0]!.messages).toEqual([{ role: "user", content: "notes" }]);
  await expect(file({ type: "data", data: "AAAA" }, "image/png")).rejects.toThrow(UnsupportedFunctionalityError);
  await expect(model.doGenerate({ prompt: [{ role: "tool", content: [] }] })).rejects.toThrow("tool results");
});

test("what is wrong with a call rejects, what goes wrong later is an error part", async () => {
  const engine = createScriptedEngine({ replies: [{ pieces: ["a"], error: new Error("boom") }] });
  const model = createMynaProvider(engine)();
  await expect(model.doStream({ prompt, topP: 3 })).rejects.toThrow(InvalidRequestError);
  const parts = await readAll((await model.doStream({ prompt })).stream);
  expect(parts.at(-1)).toMatchObject({ type: "error", error: { message: "boom" } });
  await expect(model.doGenerate({ prompt })).rejects.toThrow("boom");
});

test("an abort rejects with its reason and cancelling the stream frees the slot", async () => {
  const engine = createScriptedEngine({ replies: ["a b c d"], delayMs: 5 });
  const model = createMynaProvider(engine)();
  const controller = new AbortController();
  const generating = model.doGenerate({ prompt, abortSignal: controller.signal });
  controller.abort();
  await expect(generating).rejects.toMatchObject({ name: "AbortError" });
  const second = new AbortController();
  const { stream } = await model.doStream({ prompt, abortSignal: second.signal });
  setTimeout(() => second.abort(), 8);
  await expect(readAll(stream)).rejects.toMatchObject({ name: "AbortError" });
  const third = await model.doStream({ prompt });
  await third.stream.cancel();
  expect(engine.running).toBe(0);
});

test("a reader who leaves while waiting in the queue leaves the queue", async () => {
  const engine = createScriptedEngine({ replies: ["a b"], delayMs: 40 });
  const model = createMynaProvider(engine)();
  const first = model.doGenerate({ prompt });
  const { stream } = await model.doStream({ prompt });
  await stream.cancel();
  expect(engine.running).toBe(1);
  await first;
  expect(engine.running).toBe(0);
  expect(engine.requests).toHaveLength(2);
});

test("a full queue is an error that may be retried", async () => {
  const engine = createScriptedEngine({ replies: ["a"], delayMs: 20, queueLimit: 0 });
  const model = createMynaProvider(engine)();
  const first = model.doGenerate({ prompt });
  const error = await model.doGenerate({ prompt }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(APICallError.isInstance(error) && error.isRetryable && error.statusCode === 429).toBe(true);
  await first;
});

test("another model than the loaded one is not there", () => {
  const provider = createMynaProvider(createScriptedEngine({ replies: [] }));
  expect(() => provider("gpt-4")).toThrow(NoSuchModelError);
  expect(() => provider.languageModel("gpt-4")).toThrow('expected "scripted"');
  expect(() => provider.embeddingModel("scripted")).toThrow(NoSuchModelError);
});
