// Model folders that are damaged, hostile, newer, or put together from parts of different models, through the command line.

import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { refusalOf, refusedUntouched } from "../support/refusal.ts";
import { Workshop } from "../support/workshop.ts";

const workshop = new Workshop();
const model = workshop.path("模型 folder");
const weights = join(model, "model.safetensors");
const checkpoint = () => workshop.path("home", "runs", "base", "checkpoints", "2");

beforeAll(() => workshop.makeBase());
afterAll(() => workshop.remove());
beforeEach(() => {
  rmSync(model, { recursive: true, force: true });
  cpSync(checkpoint(), model, { recursive: true });
});

/** generate and sft refuse the model alike, and leave nothing behind. */
async function refuseModel(): Promise<string> {
  const error = await refusedUntouched(workshop, "generate", "hello", "--model", model);
  expect(await refusedUntouched(workshop, ...workshop.sft("bad", "--model", model, "--steps", "1"))).toBe(error);
  return error;
}

test("the untouched copy answers and learns", async () => {
  await workshop.succeed("generate", "你好", "--model", model, "--max-tokens", "3");
  await workshop.succeed(...workshop.sft("我的 first", "--model", model, "--steps", "1"));
  await workshop.succeed("generate", "你好", "--model", "我的 first", "--max-tokens", "3");
});

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Rewrites the safetensors file from its header and data. */
function forge(change: (header: Header, names: string[]) => string | undefined, more = Buffer.alloc(0)): void {
  const file = readFileSync(weights);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Header;
  const names = Object.keys(header).filter((name) => name !== "__metadata__");
  const json = Buffer.from(change(header, names) ?? JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(weights, Buffer.concat([prefix, json, file.subarray(8 + length), more]));
}

/** Gives the second tensor other offsets. */
const offsets = (choose: (first: [number, number], own: [number, number]) => [number, number]) => () =>
  forge((header, names) => {
    const entry = header[names[1]!]!;
    entry.data_offsets = choose(header[names[0]!]!.data_offsets, entry.data_offsets);
    return undefined;
  });

test.each<[string, () => void, string | RegExp]>([
  [
    "cut off",
    () => truncateSync(weights, 5000),
    /found a file \d+ bytes too short; expected \d+ bytes, as its header says/,
  ],
  ["cut within its length", () => truncateSync(weights, 5), "found a file of 5 bytes; expected at least 8"],
  ["empty", () => truncateSync(weights, 0), "found a file of 0 bytes; expected at least 8"],
  ["padded", () => forge(() => undefined, Buffer.alloc(100)), "found 100 bytes after the last tensor"],
  ["overlapping", offsets((first) => first), /tensor ".+": found \d+ bytes of data; expected/],
  ["with negative offsets", offsets((_, [, end]) => [-4, end]), /found data_offsets \[-4,\d+\]/],
  ["with offsets beyond numbers", offsets(() => [0, 1e300]), "found data_offsets [0,1e+300]"],
  ["with offsets backwards", offsets(([begin, end]) => [end, begin]), "found data_offsets"],
  [
    "with a header of 2⁶⁴ bytes",
    () => {
      const file = readFileSync(weights);
      file.writeBigUInt64LE(2n ** 64n - 1n);
      writeFileSync(weights, file);
    },
    "found a header of 18446744073709551615 bytes; expected at most 100000000",
  ],
  [
    "with a shape of 2¹⁰⁶ numbers",
    () =>
      forge((header, names) => {
        header[names[1]!]!.shape = [2 ** 53, 2 ** 53];
        return undefined;
      }),
    "found shape [9007199254740992,9007199254740992]",
  ],
  [
    "with a header of 100 MB",
    () => forge((header) => JSON.stringify(header) + " ".repeat(1e8)),
    "found a header of 1000",
  ],
  ["with brackets without end", () => forge(() => "[".repeat(1e6) + "]".repeat(1e6)), "found a header with brackets"],
  ["that is no safetensors", () => forge(() => "{hello"), "found a header that is not JSON"],
  [
    "without one of its tensors",
    () =>
      forge((header, names) => {
        delete header[names[1]!];
        return undefined;
      }),
    /found a hole of \d+ bytes before it; expected tensors side by side/,
  ],
])("weights %s", async (_, damage, wording) => {
  damage();
  const error = await refuseModel();
  expect(error).toContain("…/模型 folder/model.safetensors");
  if (typeof wording === "string") expect(error).toContain(wording);
  else expect(error).toMatch(wording);
});

test("weights behind a link out of the folder are not read", async () => {
  rmSync(weights);
  symlinkSync(join(checkpoint(), "model.safetensors"), weights);
  expect(await refuseModel()).toContain("To fix: copy the checkpoint with its links resolved: cp -rL FROM TO.");
});

test("weights that are no numbers are found by the first step, and the run says how it ended", async () => {
  forge((header) => JSON.stringify(header));
  const file = readFileSync(weights);
  const length = Number(file.readBigUInt64LE(0));
  file.fill(0xff, 8 + length);
  writeFileSync(weights, file);
  expect(await refusedUntouched(workshop, "generate", "hello", "--model", model)).toContain(
    "the model: found no number among its logits; expected weights that are numbers",
  );
  const error = refusalOf(await workshop.run(...workshop.sft("nan", "--model", model, "--steps", "3")));
  expect(error).toBe(
    "loss of step 1: found NaN; expected a finite number. " +
      "To fix: take another base model, whose weights are numbers, or a lower --learning-rate.",
  );
  expect(readdirSync(workshop.path("home", "runs", "nan")).sort()).toEqual(["metrics.jsonl", "run.json"]);
  const { output } = await workshop.succeed("runs");
  expect(output).toMatch(/^nan +sft +failed/m);
});

test("a checkpoint of a newer format", async () => {
  const path = join(model, "manifest.json");
  writeFileSync(path, readFileSync(path, "utf8").replace('"format": 1', '"format": 9'));
  expect(await refuseModel()).toBe(
    "…/模型 folder/manifest.json: found checkpoint format 9; expected at most 1. To fix: update Myna.",
  );
});

test("a tokenizer whose vocabulary is another than the model's", async () => {
  const data = workshop.path("texts.jsonl");
  for (const [name, size] of [
    ["larger", "320"],
    ["smaller", "280"],
  ] as const) {
    const other = workshop.path(name);
    await workshop.succeed("train-tokenizer", data, "--output", other, "--vocabulary", size);
    cpSync(join(other, "tokenizer.json"), join(model, "tokenizer.json"));
    expect(await refuseModel()).toContain("the one that this checkpoint was trained with. To fix: copy tokenizer.json");
    // A published model says nothing of its tokenizer but the size.
    rmSync(join(model, "state.json"));
    expect(await refuseModel()).toContain(`tokenizer.json: found ${size} tokens; expected 300, the model's vocabulary`);
    cpSync(checkpoint(), model, { recursive: true });
  }
});

test.each<[string, string, string]>([
  ["tokenizer.json", '{"model":', "found Unexpected end of JSON input; expected JSON"],
  ["tokenizer.json", "{}", "tokenizer.json"],
  [
    "config.json",
    '{"model_type":"qwen9"}',
    'config.json: found model_type = "qwen9"; expected one of qwen3, qwen2, llama, gpt2',
  ],
  ["config.json", "{", "config.json: found "],
])("a damaged %s: %s", async (name, contents, wording) => {
  writeFileSync(join(model, name), contents);
  expect(await refuseModel()).toContain(wording);
});

test("a folder without weights, without a tokenizer, without anything", async () => {
  rmSync(weights);
  expect(await refuseModel()).toContain("found neither model.safetensors nor model.safetensors.index.json");
  cpSync(join(checkpoint(), "model.safetensors"), weights);
  rmSync(join(model, "tokenizer.json"));
  expect(await refusedUntouched(workshop, "generate", "hi", "--model", model)).toContain(
    "tokenizer.json: found no such file",
  );
  expect(await refusedUntouched(workshop, ...workshop.sft("bad", "--model", model))).toContain(
    "found no tokenizer.json",
  );
  mkdirSync(workshop.path("nothing"));
  const error = await refusedUntouched(workshop, "generate", "hi", "--model", workshop.path("nothing"));
  expect(error).toContain("found a folder without config.json");
});

test("a context longer than the model's positions", async () => {
  const error = await refusedUntouched(workshop, ...workshop.sft("bad", "--model", model, "--context", "128"));
  expect(error).toBe(
    "decoder: found sequences of 128 tokens; expected at most 64, the positions the model has. " +
      "To fix: use a context of 64 or less, or a model with more positions.",
  );
});
