// Hostile and broken tokenizer.json files: a working tokenizer or one clear error, never anything else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TokenizerError, TokenizerFormatError, UnsupportedTokenizerError } from "./errors.ts";
import { Tokenizer } from "./tokenizer.ts";

interface Json {
  [key: string]: unknown;
}

const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };

/** "ab" and "abc" over five letters. */
function small(changes: Json = {}, modelChanges: Json = {}): string {
  return JSON.stringify({
    version: "1.0",
    added_tokens: [{ id: 9, content: "<|end|>", special: true }],
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: null,
    decoder: bytes,
    model: {
      type: "BPE",
      vocab: { a: 0, b: 1, c: 2, d: 3, Ġ: 4, ab: 5, abc: 6 },
      merges: ["a b", ["ab", "c"]],
      ...modelChanges,
    },
    ...changes,
  });
}

const read = (text: string) => () => Tokenizer.fromJson(text);

test("the small tokenizer that the tests below break works", () => {
  const tokenizer = Tokenizer.fromJson(small());
  expect([...tokenizer.encode("abcd ab<|end|>", { allowSpecial: true })]).toEqual([6, 3, 4, 5, 9]);
  expect(tokenizer.vocabularySize).toBe(10);
  expect(() => tokenizer.tokenOf(8)).toThrow(/token id: found 8/);
});

describe("each mistake has its message", () => {
  const mistakes: [text: string, message: RegExp][] = [
    ["", /^tokenizer\.json: found .*; expected JSON\. To fix: download the file again/],
    ["version https://git-lfs.github.com/spec/v1", /expected JSON/],
    ["[]", /^tokenizer\.json: found \[\]; expected an object/],
    ["{}", /tokenizer\.json model: found nothing; expected an object/],
    [small({}, { vocab: [] }), /model\.vocab: found \[\]; expected an object/],
    [small({}, { vocab: {}, merges: [] }), /at least the tokens of single bytes/],
    [small({}, { vocab: { a: -1 } }), /model\.vocab\["a"\]: found -1; expected a whole number from 0 to 4194303/],
    [small({}, { vocab: { a: 1e15 } }), /expected a whole number from 0 to 4194303/],
    [small({}, { vocab: { a: 1, b: 1 } }), /one token for each id, not "a" and "b"/],
    [small({}, { merges: ["a b c"] }), /model\.merges\[0\]: found "a b c"; expected two tokens/],
    [small({}, { merges: [["a", 1]] }), /model\.merges\[0\]: found \["a",1\]/],
    [small({}, { merges: ["a d"] }), /tokens of the vocabulary; "ad" is none/],
    [small({}, { merges: [["", "a"]] }), /two tokens that are not empty/],
    [small({}, { vocab: { "": 0, a: 1 }, merges: [["", "a"]] }), /two tokens that are not empty/],
    [small({}, { unk_token: "zzz" }), /model\.unk_token: found "zzz"; expected a token of the vocabulary/],
    [
      small({ added_tokens: [{ id: 0, content: "x" }] }),
      /added_tokens\[0\]: found .*; expected an id that no other token has; "a" has 0/,
    ],
    [
      small({ added_tokens: [{ id: 9, content: "" }] }),
      /added_tokens\[0\]\.content: found ""; expected a text that is not empty/,
    ],
    [
      small({
        added_tokens: [
          { id: 9, content: "x" },
          { id: 10, content: "x" },
        ],
      }),
      /expected each content once/,
    ],
    [
      small({ added_tokens: [{ id: 9, content: "x", special: 1 }] }),
      /added_tokens\[0\]\.special: found 1; expected true or false/,
    ],
    [
      small({ added_tokens: [{ id: 5, content: "ab", special: true }] }),
      /model\.merges\[0\]: found the control token "ab", which ordinary text spells/,
    ],
    [
      small({ added_tokens: [{ id: 9, content: "|", special: true }] }),
      /the control token "\|", which ordinary text spells/,
    ],
    [
      small({ pre_tokenizer: { type: "Split", pattern: { Regex: "(" }, behavior: "Isolated" } }),
      /pre_tokenizer\.pattern\.Regex: found a group that is not closed/,
    ],
    [
      small({ pre_tokenizer: { type: "Split", pattern: {}, behavior: "Isolated" } }),
      /pre_tokenizer\.pattern\.Regex: found nothing; expected a string/,
    ],
    [
      small({ pre_tokenizer: { type: "Split", pattern: { String: "a" }, behavior: "Sideways" } }),
      /behavior: found "Sideways"; expected Isolated, Removed/,
    ],
    [
      small({
        post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>" } }], special_tokens: {} },
      }),
      /an entry for <s>/,
    ],
    [small({ post_processor: { type: "BertProcessing", cls: ["x", 99], sep: ["y", 9] } }), /token id: found 99/],
  ];

  test.each(mistakes)("%s", (text, message) => {
    expect(read(text)).toThrow(message);
    expect(read(text)).toThrow(TokenizerError);
  });
});

describe("what is not supported is named", () => {
  const unsupported: [what: string, text: string, name: RegExp][] = [
    ["WordPiece", small({}, { type: "WordPiece" }), /the model type "WordPiece"; expected BPE/],
    ["byte fallback", small({}, { byte_fallback: true }), /byte_fallback/],
    ["dropout", small({}, { dropout: 0.1 }), /dropout 0\.1/],
    ["a suffix", small({}, { end_of_word_suffix: "</w>" }), /end_of_word_suffix "<\/w>"/],
    ["Metaspace", small({ pre_tokenizer: { type: "Metaspace" } }), /the pre-tokeniser Metaspace/],
    ["no pre-tokeniser", small({ pre_tokenizer: null }), /the pre-tokeniser none/],
    ["BertNormalizer", small({ normalizer: { type: "BertNormalizer" } }), /the normaliser BertNormalizer/],
    ["a decoder", small({ decoder: { type: "WordPiece" } }), /the decoder \["WordPiece"\]/],
    ["a post-processor", small({ post_processor: { type: "Unknown" } }), /the post-processor Unknown/],
  ];

  test.each(unsupported)("%s", (_, text, name) => {
    expect(read(text)).toThrow(name);
    expect(read(text)).toThrow(UnsupportedTokenizerError);
  });

  test("nesting without end stops at a depth", () => {
    const nested = (key: string, inner: Json, depth: number): Json =>
      depth === 0 ? inner : { type: "Sequence", [key]: [nested(key, inner, depth - 1)] };
    expect(read(small({ normalizer: nested("normalizers", { type: "NFC" }, 12) }))).toThrow(/the normaliser Sequence/);
    expect(read(small({ pre_tokenizer: nested("pretokenizers", bytes, 12) }))).toThrow(/the pre-tokeniser Sequence/);
    expect(read(small({ post_processor: nested("processors", bytes, 12) }))).toThrow(/the post-processor Sequence/);
    const deep = "[".repeat(1_000_000) + "]".repeat(1_000_000);
    expect(read(deep)).toThrow(/found values nested deeper than 64/);
    expect(read(small().replace("null", deep))).toThrow(TokenizerFormatError);
  });
});

describe("unusual but sound files", () => {
  test("keys of JavaScript's objects are tokens like any other", () => {
    const vocab = '{"_":0,"p":1,"__":2,"__p":3,"__proto__":4,"constructor":5,"1":6}';
    const tokenizer = Tokenizer.fromJson(
      small({ pre_tokenizer: { ...bytes, use_regex: false } }, { vocab: 0, merges: ["_ _", "__ p"] }).replace(
        '"vocab":0',
        `"vocab":${vocab}`,
      ),
    );
    expect([...tokenizer.encode("__p1")]).toEqual([3, 6]);
    expect(tokenizer.idOf("__proto__")).toBe(4);
    expect(tokenizer.idOf("toString")).toBeUndefined();
    expect(Tokenizer.fromJson(tokenizer.toJson()).hash).toBe(tokenizer.hash);
  });

  test("a pair that is listed twice has its later rank", () => {
    const vocab = { a: 0, b: 1, c: 2, ab: 3, bc: 4 };
    expect([
      ...Tokenizer.fromJson(small({ added_tokens: [] }, { vocab, merges: ["a b", "b c"] })).encode("abc"),
    ]).toEqual([3, 2]);
    const twice = ["a b", "b c", "a b"];
    expect([...Tokenizer.fromJson(small({ added_tokens: [] }, { vocab, merges: twice })).encode("abc")]).toEqual([
      0, 4,
    ]);
  });

  test("bytes without a token are left out of texts, or become the unknown token, and are refused in bytes", () => {
    expect([...Tokenizer.fromJson(small()).encode("axb")]).toEqual([5]);
    const vocab = { a: 0, b: 1, "<unk>": 2 };
    const withUnknown = Tokenizer.fromJson(small({ added_tokens: [] }, { vocab, merges: [], unk_token: "<unk>" }));
    expect([...withUnknown.encode("axb")]).toEqual([0, 2, 1]);
    expect(() => Tokenizer.fromJson(small()).encodeBytes(Uint8Array.of(0x7a))).toThrow(
      /the byte 0x7a, which is no token/,
    );
  });
});

describe("fuzzing", () => {
  const published = JSON.parse(
    gunzipSync(readFileSync(join(import.meta.dirname, "fixtures", "smollm2.json.gz"))).toString(),
  ) as Json;
  const strange = fc.oneof(
    fc.constantFrom(
      null,
      true,
      -1,
      0.5,
      1e308,
      2 ** 53,
      "",
      "a",
      "\u0000",
      "Ġ",
      [],
      {},
      "ByteLevel",
      "Sequence",
      "BPE",
      "(",
      "(a+)+",
    ),
    fc.jsonValue({ maxDepth: 3 }),
  );

  /** Paths to every value of a JSON tree down to a depth, so that each can be replaced. */
  function pathsOf(value: unknown, depth: number): string[][] {
    if (typeof value !== "object" || value === null || depth === 0) return [[]];
    const inner = Object.entries(value).slice(0, 40);
    return [[], ...inner.flatMap(([key, child]) => pathsOf(child, depth - 1).map((path) => [key, ...path]))];
  }

  function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
    const [key, ...rest] = path;
    if (key === undefined) return by;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Json;
    copy[key] = replaced(copy[key], rest, by);
    return copy;
  }

  function mustWorkOrExplain(text: string): void {
    let tokenizer: Tokenizer;
    try {
      tokenizer = Tokenizer.fromJson(text);
    } catch (error) {
      expect(error).toBeInstanceOf(TokenizerError);
      expect((error as TokenizerError).message).toMatch(/: found .*; expected .*\. To fix: .*\.$/s);
      expect((error as TokenizerError).message.length).toBeLessThan(2000);
      return;
    }
    const ids = tokenizer.encode("ab abc <|im_end|> 12 你好 \r\n", { allowSpecial: true, addSpecial: true });
    for (const id of ids) expect(tokenizer.has(id)).toBe(true);
    tokenizer.decode(ids);
    expect(Tokenizer.fromJson(tokenizer.toJson()).hash).toBe(tokenizer.hash);
  }

  const trees = [
    JSON.parse(small()) as Json,
    { ...published, model: (JSON.parse(small()) as Json).model, added_tokens: [] },
  ];

  test.each([0, 1])("values replaced by others, file %d", (which) => {
    const tree = trees[which]!;
    const paths = pathsOf(tree, 5);
    const change = fc.tuple(fc.constantFrom(...paths), strange);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let changed: unknown = tree;
        for (const [path, by] of changes) {
          if (typeof changed !== "object" || changed === null) break;
          try {
            changed = replaced(changed, path, by);
          } catch (error) {
            // The path leads through a value that an earlier change made a scalar.
            expect(error).toBeInstanceOf(TypeError);
          }
        }
        mustWorkOrExplain(JSON.stringify(changed));
      }),
      { numRuns: 1000 },
    );
  });

  test("text with pieces removed, doubled and overwritten", () => {
    const text = small();
    const edit = fc.record({
      at: fc.nat(text.length),
      length: fc.nat(20),
      insert: fc.oneof(
        fc.constant(""),
        fc.string({ maxLength: 5 }),
        fc.constantFrom('"', "{", "}", "[", "]", ",", ":", "null"),
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        mustWorkOrExplain(
          edits.reduce(
            (current, { at, length, insert }) => current.slice(0, at) + insert + current.slice(at + length),
            text,
          ),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
