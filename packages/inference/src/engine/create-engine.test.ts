import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultChatTemplate, renderChat, templateHash, trainTokenizer, writeTokenizerFolder } from "@myna/tokenizer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContextLengthError, InvalidRequestError, ModelRefusedError } from "../errors.ts";
import { startEngineWorker } from "../worker/start-engine-worker.ts";
import type { ChatEngine, EngineEvent } from "./chat-engine.ts";
import { createEngine } from "./create-engine.ts";
import { type WrittenModel, writeModelFolder } from "./fakes/write-model-folder.ts";
import { modelName } from "./model-folder.ts";

const root = mkdtempSync(join(tmpdir(), "myna engine 八哥 "));
const folder = join(root, "tiny");
let written: WrittenModel;
let engine: ChatEngine;

beforeAll(async () => {
  written = await writeModelFolder(folder);
  engine = await createEngine({ folder });
});

afterAll(async () => {
  await engine.close();
  rmSync(root, { recursive: true });
});

const hello = [{ role: "user", content: "Hello 你好" }] as const;

async function collect(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const collected: EngineEvent[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

const textOf = (events: EngineEvent[]) => events.map((event) => (event.type === "delta" ? event.text : "")).join("");

test("a model folder is loaded and says what it is", () => {
  expect(engine.model).toMatchObject({
    id: "tiny",
    folder,
    architecture: "qwen3",
    contextLength: 256,
    templateHash: templateHash(defaultChatTemplate),
  });
  expect(engine.model.parameters).toBeGreaterThan(written.config.vocabulary * written.config.width);
  expect(Math.abs(engine.model.createdAt - Date.now())).toBeLessThan(600_000);
});

test("the same seed answers alike with an empty cache, with a held prefix, and in a worker", async () => {
  const options = { maxTokens: 40, seed: 11, temperature: 0.9, topP: 0.95 };
  const first = await collect(engine.chat(hello, options));
  const again = await collect(engine.chat(hello, options));
  expect(first[0]).toMatchObject({ cachedTokens: 0 });
  expect(again[0]).toMatchObject({ cachedTokens: (await engine.countTokens(hello)) - 1 });
  expect(textOf(again)).toBe(textOf(first));
  const worker = await startEngineWorker({ folder, id: "there", threads: 1 });
  try {
    expect(worker.model).toEqual({ ...engine.model, id: "there" });
    expect(textOf(await collect(worker.chat(hello, options)))).toBe(textOf(first));
  } finally {
    await worker.close();
  }
});

test("prompts are rendered as training renders them, and counted so", async () => {
  const { ids } = renderChat({
    tokenizer: written.tokenizer,
    template: defaultChatTemplate,
    messages: [...hello],
    addGenerationPrompt: true,
  });
  expect(await engine.countTokens(hello)).toBe(ids.length);
  const events = await collect(engine.chat(hello, { maxTokens: 1 }));
  expect(events[0]).toMatchObject({ promptTokens: ids.length });
});

test("a prompt read in small chunks gives the same greedy answer", async () => {
  const options = { maxTokens: 30, temperature: 0 };
  const whole = textOf(await collect(engine.complete("Hello there, how are you?", options)));
  const chunked = await createEngine({ folder, prefillChunk: 3, threads: 1 });
  const events = await collect(chunked.complete("Hello there, how are you?", options));
  expect(textOf(events)).toBe(whole);
  expect(events.some(({ type }) => type === "progress")).toBe(true);
  await chunked.close();
});

test("an answer runs until the context is full and no further", async () => {
  const small = await createEngine({ folder, contextLength: 24 });
  const ends = await Promise.all(
    [1, 2, 3, 4].map(async (seed) => (await collect(small.complete("Hello", { seed }))).at(-1)),
  );
  expect(ends).toContainEqual(expect.objectContaining({ type: "end", reason: "context" }));
  await expect(collect(small.complete("Hello 你好 ".repeat(20)))).rejects.toThrow(ContextLengthError);
  await small.close();
});

test("recommended sampling of the folder is the default", async () => {
  const other = join(root, "greedy");
  await writeModelFolder(other);
  writeFileSync(join(other, "generation_config.json"), JSON.stringify({ temperature: 0, eos_token_id: [0] }));
  const greedy = await createEngine({ folder: other });
  const answer = async (seed: number) => textOf(await collect(greedy.complete("Hi", { maxTokens: 12, seed })));
  expect(await answer(1)).toBe(await answer(2));
  await greedy.close();
  writeFileSync(join(other, "generation_config.json"), "{");
  await expect(createEngine({ folder: other })).rejects.toThrow("generation_config.json: found text that is not JSON");
});

test("a base model completes and refuses to chat", async () => {
  const base = join(root, "base");
  await writeModelFolder(base, { chatTemplate: null });
  const completing = await createEngine({ folder: base });
  expect(completing.model.templateHash).toBe("");
  expect((await collect(completing.complete("", { maxTokens: 3 }))).at(-1)).toMatchObject({ type: "end" });
  await expect(collect(completing.chat(hello))).rejects.toThrow("a model without a chat template");
  await completing.close();
});

test("a tokenizer or template that the weights were not trained with refuses the model", async () => {
  const wrong = join(root, "wrong");
  await writeModelFolder(wrong, { chatTemplate: "{{ raise_exception('never') }}" });
  await expect(createEngine({ folder: wrong })).rejects.toThrow(ModelRefusedError);
  await writeModelFolder(wrong);
  writeFileSync(
    join(wrong, "state.json"),
    JSON.stringify({ tokenizerHash: written.tokenizer.hash, templateHash: "abc" }),
  );
  await expect(createEngine({ folder: wrong })).rejects.toThrow(
    "expected abc…, the one that this checkpoint was trained",
  );
  writeFileSync(join(wrong, "state.json"), JSON.stringify({ tokenizerHash: "other" }));
  await expect(createEngine({ folder: wrong })).rejects.toThrow(join(wrong, "tokenizer.json"));
  rmSync(join(wrong, "state.json"));
  const larger = await trainTokenizer(["abcabc".repeat(9)], {
    vocabularySize: 290,
    specialTokens: Array.from({ length: 20 }, (_, i) => ({ content: `<|${i}|>`, special: true })),
  });
  writeTokenizerFolder(wrong, { tokenizer: larger });
  await expect(createEngine({ folder: wrong })).rejects.toThrow("the model's vocabulary");
});

test("a missing folder and options outside their ranges say what is wrong", async () => {
  await expect(createEngine({ folder: join(root, "nowhere") })).rejects.toMatchObject({ isUserError: true });
  await expect(startEngineWorker({ folder: join(root, "nowhere") })).rejects.toMatchObject({ isUserError: true });
  await expect(createEngine({ folder, threads: 0 })).rejects.toThrow(InvalidRequestError);
  await expect(createEngine({ folder, contextLength: 3 })).rejects.toThrow("contextLength: found 3");
});

test("a checkpoint is called after its run and step", () => {
  expect(modelName("x/runs/my-run/checkpoints/002000")).toBe("my-run@2000");
  expect(modelName("models/default/")).toBe("default");
});
