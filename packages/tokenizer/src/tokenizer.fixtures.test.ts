// Published tokenizers against ids recorded from Hugging Face `tokenizers` (bench/peers/tokenizers_fixtures.py).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Tokenizer } from "./tokenizer.ts";

const fixture = (name: string): string =>
  gunzipSync(readFileSync(join(import.meta.dirname, "fixtures", `${name}.json.gz`))).toString();

interface Expected {
  readonly texts: readonly string[];
  /** Texts that hold control tokens. */
  readonly marked: readonly string[];
  readonly ids: Record<string, readonly number[][]>;
  readonly markedIds: Record<string, readonly number[][]>;
  readonly withBos: Record<string, readonly number[]>;
  readonly decoded: Record<string, readonly string[]>;
}

const expected = JSON.parse(fixture("tokenizers-expected")) as Expected;
const names = ["gpt2", "llama3.1", "qwen3", "smollm2"];
const tokenizers = new Map(names.map((name) => [name, Tokenizer.fromJson(fixture(name))]));

test.each(names)("%s gives the recorded ids for every text", (name) => {
  const tokenizer = tokenizers.get(name)!;
  for (const [i, text] of expected.texts.entries()) {
    expect([text, ...tokenizer.encode(text)]).toEqual([text, ...expected.ids[name]![i]!]);
    expect([text, ...tokenizer.encode(text, { allowSpecial: true })]).toEqual([text, ...expected.ids[name]![i]!]);
  }
});

test.each(names)("%s finds control tokens where it is allowed to, and nowhere else", (name) => {
  const tokenizer = tokenizers.get(name)!;
  const control = new Set(tokenizer.specialTokens.values());
  for (const [i, text] of expected.marked.entries()) {
    expect([...tokenizer.encode(text, { allowSpecial: true })]).toEqual(expected.markedIds[name]![i]!);
    const plain = tokenizer.encode(text);
    expect(plain.filter((id) => control.has(id))).toHaveLength(0);
    expect(tokenizer.decode(plain)).toBe(text);
  }
});

test.each(names)("%s adds what its post-processor adds", (name) => {
  const tokenizer = tokenizers.get(name)!;
  expect([...tokenizer.encode("Hi", { addSpecial: true })]).toEqual(expected.withBos[name]);
});

test.each(names)("%s decodes as recorded, special tokens left out", (name) => {
  const tokenizer = tokenizers.get(name)!;
  for (const [i, ids] of expected.markedIds[name]!.entries()) {
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(expected.decoded[name]![i]!);
  }
});

test.each(names)("%s survives being written and read again", (name) => {
  const tokenizer = tokenizers.get(name)!;
  const again = Tokenizer.fromJson(tokenizer.toJson());
  expect(again.hash).toBe(tokenizer.hash);
  for (const [i, text] of expected.texts.entries()) expect([...again.encode(text)]).toEqual(expected.ids[name]![i]);
});
