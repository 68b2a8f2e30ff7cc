// Corners of pre-tokenisers, added tokens and training against recordings of Hugging Face `tokenizers`
// (bench/peers/tokenizers_behaviours.py).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { alphabetTextOfBytes } from "./byte-alphabet.ts";
import { defaultPattern } from "./defaults.ts";
import { convertPattern } from "./oniguruma.ts";
import { readPreTokenizer } from "./pre-tokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";
import { trainTokenizer } from "./train.ts";

interface Recorded {
  readonly texts: readonly string[];
  readonly cuts: readonly { readonly preTokenizer: unknown; readonly pieces: readonly string[][] }[];
  readonly addedTokens: {
    readonly texts: readonly string[];
    readonly json: { readonly added_tokens: readonly object[] };
    readonly cases: readonly { readonly flags: Record<string, boolean>; readonly ids: readonly number[][] }[];
  };
  readonly training: {
    readonly documents: readonly string[];
    readonly vocabularySize: number;
    readonly merges: readonly [string, string][];
  };
}

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", "behaviours.json"), "utf8")) as Recorded;

function wordsOf(preTokenizer: unknown, text: string): string[] {
  const { split, addsPrefixSpace } = readPreTokenizer(preTokenizer);
  const words: string[] = [];
  split(addsPrefixSpace && text !== "" && !text.startsWith(" ") ? ` ${text}` : text, (source, start, end) => {
    words.push(alphabetTextOfBytes(new TextEncoder().encode(source.slice(start, end))));
  });
  return words;
}

describe("pre-tokenisers cut as recorded", () => {
  test.each(recorded.cuts.map((cut) => [JSON.stringify(cut.preTokenizer), cut] as const))("%s", (_, cut) => {
    for (const [i, text] of recorded.texts.entries()) {
      expect([text, ...wordsOf(cut.preTokenizer, text)]).toEqual([text, ...cut.pieces[i]!]);
    }
  });
});

describe("added tokens are found as recorded", () => {
  const { texts, json, cases } = recorded.addedTokens;
  test.each(cases.map((recordedCase) => [JSON.stringify(recordedCase.flags), recordedCase] as const))(
    "%s",
    (_, { flags, ids }) => {
      const added_tokens = json.added_tokens.map((token) => ({ ...token, ...flags }));
      const tokenizer = Tokenizer.fromJson(JSON.stringify({ ...json, added_tokens }));
      for (const [i, text] of texts.entries()) {
        expect([text, ...tokenizer.encode(text, { allowSpecial: true })]).toEqual([text, ...ids[i]!]);
      }
    },
  );
});

describe("training", () => {
  const { documents, vocabularySize, merges } = recorded.training;
  const train = (texts: readonly string[], longestHan = 100) =>
    trainTokenizer(texts, { vocabularySize, specialTokens: [], longestHan });
  const mergesOf = (tokenizer: Tokenizer) =>
    (JSON.parse(tokenizer.toJson()) as { model: { merges: [string, string][] } }).model.merges;

  test("learns the merges that BpeTrainer learns, in the same order", async () => {
    const tokenizer = await train(documents);
    expect(tokenizer.definition.preTokenizer).toMatchObject({
      pretokenizers: [{ pattern: { Regex: defaultPattern } }, {}],
    });
    expect(mergesOf(tokenizer)).toEqual(merges);
  });

  test("the order of documents does not matter", async () => {
    expect((await train(documents.toReversed())).hash).toBe((await train(documents)).hash);
  });

  test("no token holds more Han characters than asked for", async () => {
    const texts = ["谢谢你的建议，谢谢你的建议。", "谢谢你的建议"];
    const longest = async (longestHan: number) => {
      const tokenizer = await train(texts, longestHan);
      const tokens = Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.tokenOf(id).text);
      return Math.max(...tokens.map((token) => token.match(/\p{Script=Han}/gu)?.length ?? 0));
    };
    expect(await longest(100)).toBe(6);
    expect(await longest(4)).toBeLessThanOrEqual(4);
    expect(await longest(2)).toBe(2);
    expect(await longest(1)).toBe(1);
  });

  test("special tokens get the last ids, and a text without pairs makes a smaller vocabulary", async () => {
    const tokenizer = await trainTokenizer(["a"], { vocabularySize: 1000 });
    expect(tokenizer.vocabularySize).toBe(256 + 16);
    expect(tokenizer.specialTokens.get("<|endoftext|>")).toBe(256);
    expect(tokenizer.specialTokens.get("<|im_end|>")).toBe(258);
  });

  test("refuses a vocabulary without room for the bytes, and no text", async () => {
    await expect(trainTokenizer(["a"], { vocabularySize: 256 })).rejects.toThrow(
      /vocabularySize: found 256; .*from 272/,
    );
    await expect(trainTokenizer(["", ""], { vocabularySize: 300 })).rejects.toThrow(
      /found 2 documents without any text/,
    );
  });

  test("stops when it is told to", async () => {
    const controller = new AbortController();
    async function* endless() {
      for (;;) yield "some words ".repeat(500);
    }
    const options = { vocabularySize: 300, signal: controller.signal, onProgress: () => controller.abort() };
    await expect(trainTokenizer(endless(), options)).rejects.toThrow(/abort/i);
  });
});

describe("patterns of Oniguruma", () => {
  const refused: [pattern: string, why: RegExp][] = [
    ["(a+)+b", /after a group whose length varies, which can take exponential time/],
    ["(a|aa)*b", /after a group whose length varies/],
    ["(?:a{1,9})*", /after a group whose length varies/],
    ["(?<name>a)", /the group \(\?<name/],
    ["(a)\\1", /found \\1 in the pattern/],
    ["\\h", /found \\h/],
    ["[[:alpha:]]", /POSIX bracket/],
    ["\\p{Klingon}", /the property \\p\{Klingon\}/],
    ["a{2}+", /the repetition \{2\}\+/],
    ["(a", /a group that is not closed/],
    ["a)", /an unmatched \)/],
    ["[a", /a character class that is not closed/],
    ["[b-a]", /Range out of order/],
    ["*a", /nothing to repeat/],
    ["(".repeat(40), /groups nested deeper/],
    ["a".repeat(30_000), /a pattern of 30000 characters/],
    ["\\x{110000}", /without a code point/],
    ["\\", /found \\/],
  ];

  test.each(refused)("%s is refused with the reason", (pattern, why) => {
    expect(() => convertPattern(pattern, "here")).toThrow(why);
    expect(() => convertPattern(pattern, "here")).toThrow(/^here: found .*To fix: /s);
  });
});
