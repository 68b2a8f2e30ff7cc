// Round trips, streams and the tokenizer's own questions.
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MergeTable } from "./merge-table.ts";
import { Tokenizer } from "./tokenizer.ts";
import { trainTokenizer } from "./train.ts";

const corpus = [
  "The quick brown fox jumps over the lazy dog, and the other foxes don't. 你好，我们今天去公园玩，好不好？我们都很好。",
  "tokenizer token tokens tokenise 12345 😀😀 👨‍👩‍👧 naïve é e\u0301 \r\n\r\n  indented\n",
];
const tokenizer = await trainTokenizer(
  corpus.flatMap((text) => [text, text]),
  { vocabularySize: 500 },
);

/** Any UTF-16, lone surrogates too. */
const anyString = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }),
      fc.constantFrom(...Array.from(corpus.join(""), (c) => c.charCodeAt(0))),
    ),
  )
  .map((units) => String.fromCharCode(...units));

describe("round trips", () => {
  test("any string comes back, lone surrogates as U+FFFD", () => {
    fc.assert(
      fc.property(anyString, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text.toWellFormed());
      }),
    );
  });

  test("any bytes come back exactly", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // Text with bytes knocked out, as in a file cut in the middle of a character.
      fc.tuple(anyString, fc.nat(), fc.nat()).map(([text, from, to]) => {
        const utf8 = new TextEncoder().encode(text);
        return utf8.slice(from % (utf8.length + 1), utf8.length - (to % 3));
      }),
    );
    fc.assert(
      fc.property(bytes, (b) => {
        expect(tokenizer.decodeBytes(tokenizer.encodeBytes(b))).toEqual(Uint8Array.from(b));
      }),
    );
  });

  test("bytes that are UTF-8 get the ids of their text", () => {
    const wellFormed = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(wellFormed, (text) => {
        expect([...tokenizer.encodeBytes(new TextEncoder().encode(text))]).toEqual([...tokenizer.encode(text)]);
      }),
    );
  });

  test("a byte order mark, NUL and CRLF are text like any other", () => {
    const text = "\ufeffa\u0000\r\n\ufeff";
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  test("a text of many megabytes is cut where its lines are cut", () => {
    const line = "The quick brown fox don't 12 你好，我们 👨‍👩‍👧   \r\n\n  x";
    const times = 40_000;
    const ids = tokenizer.encode(line.repeat(times));
    // Both ends of a line touch its neighbours, so the oracle is the middle line of three, as often as it comes.
    const three = tokenizer.encode(line.repeat(3));
    const two = tokenizer.encode(line.repeat(2));
    expect(ids.length).toBe(two.length + (times - 2) * (three.length - two.length));
    expect(tokenizer.decode(ids)).toBe(line.repeat(times));
  });

  test("a word of eight million letters is no error", () => {
    const text = "a".repeat(8_000_000);
    expect(tokenizer.decode(tokenizer.encode(text)) === text).toBe(true);
  });

  test("a word of a million letters is encoded in time that grows with its length", () => {
    const text = "token".repeat(200_000);
    const ids = tokenizer.encode(text);
    expect(ids.length).toBeLessThan(text.length / 2);
    expect(tokenizer.decode(ids)).toBe(text);
  });
});

describe("merging", () => {
  test("long words merge by heap as short ones do by scanning", () => {
    // Pairs of letters at random ranks; the oracle looks for the lowest rank, leftmost first, every time.
    const pairs = fc.uniqueArray(fc.tuple(fc.nat(7), fc.nat(7)), { selector: ([a, b]) => a * 8 + b, maxLength: 30 });
    fc.assert(
      fc.property(pairs, fc.array(fc.nat(3), { minLength: 97, maxLength: 140 }), (merges, word) => {
        const lefts = Int32Array.from(merges, ([left]) => left);
        const rights = Int32Array.from(merges, ([, right]) => right);
        const results = Int32Array.from(merges, (_, rank) => 4 + (rank % 4));
        const expected = [...word];
        for (;;) {
          const ranks = expected
            .slice(1)
            .map((right, i) => merges.findIndex(([a, b]) => a === expected[i] && b === right));
          const best = Math.min(...ranks.filter((rank) => rank >= 0));
          if (best === Number.POSITIVE_INFINITY) break;
          expected.splice(ranks.indexOf(best), 2, results[best]!);
        }
        const ids = Int32Array.from(word);
        const length = new MergeTable(lefts, rights, results).merge(ids, ids.length);
        expect([...ids.subarray(0, length)]).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe("control tokens", () => {
  const imEnd = tokenizer.specialTokens.get("<|im_end|>")!;

  test("text never turns into one unless it is allowed to", () => {
    const text = "a<|im_end|><think>";
    expect([...tokenizer.encode(text)].filter((id) => tokenizer.tokenOf(id).isSpecial)).toEqual([]);
    expect([...tokenizer.encode(text, { allowSpecial: true })].filter((id) => tokenizer.tokenOf(id).isSpecial)).toEqual(
      [imEnd, tokenizer.idOf("<think>")],
    );
    const some = tokenizer.encode(text, { allowSpecial: ["<|im_end|>"] });
    expect([...some].filter((id) => tokenizer.tokenOf(id).isSpecial)).toEqual([imEnd]);
    expect(tokenizer.decode(some)).toBe(text);
  });

  test("only known ones can be allowed", () => {
    expect(() => tokenizer.encode("a", { allowSpecial: ["<|nope|>"] })).toThrow(
      /encode allowSpecial: found "<\|nope\|>"; expected control tokens of this tokenizer: <\|endoftext\|>/,
    );
  });

  test("skipSpecial leaves special tokens out, but not thoughts", () => {
    const ids = tokenizer.encode("<think>a</think><|im_end|>", { allowSpecial: true });
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe("<think>a</think>");
  });
});

describe("questions", () => {
  test("tokenOf and idOf are inverse for every token that is text", () => {
    for (let id = 0; id < tokenizer.vocabularySize; id++) {
      const token = tokenizer.tokenOf(id);
      expect(tokenizer.decodeBytes([id])).toEqual(token.bytes);
      if (!token.text.includes("\ufffd")) expect(tokenizer.idOf(token.text)).toBe(id);
    }
    expect(tokenizer.idOf("no such token")).toBeUndefined();
  });

  test("an id outside of the vocabulary is refused", () => {
    for (const id of [-1, tokenizer.vocabularySize, 1.5, Number.NaN]) {
      expect(() => tokenizer.decode([id])).toThrow(/token id: found .*; expected an id of this vocabulary, from 0 to/);
      expect(tokenizer.has(id)).toBe(false);
    }
  });

  test("count is the number of ids", () => {
    expect(tokenizer.count(corpus[0]!)).toBe(tokenizer.encode(corpus[0]!).length);
  });

  test("the hash is that of tokenizer.json and survives reading and writing", () => {
    expect(tokenizer.hash).toBe(createHash("sha256").update(tokenizer.toJson()).digest("hex"));
    expect(Tokenizer.fromJson(tokenizer.toJson()).hash).toBe(tokenizer.hash);
  });
});

describe("streams", () => {
  test("pieces joined equal decode, and no piece ends within a character", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(tokenizer.vocabularySize - 1)), fc.boolean(), (ids, skipSpecial) => {
        const stream = tokenizer.streamDecoder({ skipSpecial });
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.join("") + stream.flush()).toBe(tokenizer.decode(ids, { skipSpecial }));
      }),
    );
  });

  test("a character comes out with its last byte", () => {
    const stream = tokenizer.streamDecoder();
    const bytes = new TextEncoder().encode("𠮷é");
    const ids = Array.from(bytes, (byte) => tokenizer.encodeBytes(Uint8Array.of(byte))[0]!);
    expect(ids.map((id) => stream.push(id))).toEqual(["", "", "", "𠮷", "", "é"]);
    expect(stream.flush()).toBe("");
  });

  test("a character that never ends shows as U+FFFD at the flush, and the stream starts anew", () => {
    const stream = tokenizer.streamDecoder();
    const [first] = tokenizer.encodeBytes(Uint8Array.of(0xe4));
    expect(stream.push(first!)).toBe("");
    expect(stream.flush()).toBe("\ufffd");
    expect(stream.push(tokenizer.idOf("a")!)).toBe("a");
  });
});
