import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTitle } from "./title.ts";

test.each([
  ["Hello", "Hello"],
  ["  What do\n\n birds\teat?  ", "What do birds eat?"],
  ["你好,世界", "你好,世界"],
  ["Explain how a transformer predicts the next token of a text", "Explain how a transformer predicts the next…"],
  ["请用简单的话解释一下变换器模型是怎样预测下一个词的,谢谢你", "请用简单的话解释一下变换器模型是怎样预测下一个…"],
  [`see https://example.com/${"a".repeat(80)}`, "see https://example.com/…"],
  ["a".repeat(80), `${"a".repeat(47)}…`],
  ["\u202eevil\u202c title", "evil title"],
  ["👩‍👩‍👧".repeat(40), `${"👩‍👩‍👧".repeat(23)}…`],
])("%j becomes %j", (text, title) => {
  expect(makeTitle(text)).toBe(title);
});

test.each(["", " \n\t ", "\u202e"])("%j has no title", (text) => {
  expect(makeTitle(text)).toBeNull();
});

test("a title is short, one line, of whole characters, and the beginning of the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 300 }), (text) => {
      const title = makeTitle(text);
      if (title === null) return;
      expect(title).not.toMatch(/[\n\r\t\u202e]/);
      expect([...title].length).toBeLessThanOrEqual(200);
      expect(title.isWellFormed()).toBe(true);
    }),
  );
});
