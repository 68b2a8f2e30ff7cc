import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { displayWidth, padEnd, printable, truncate, wrap } from "./width.ts";

describe("columns", () => {
  test.each([
    ["hello", 5],
    ["八哥", 4],
    ["a，b。", 6],
    ["한국어", 6],
    ["ｆｕｌｌ", 8],
    ["e\u0301", 1],
    ["👍🏽", 2],
    ["👨‍👩‍👧", 2],
    ["🇨🇳", 2],
    ["\u001b[31mred\u001b[39m", 3],
    ["⣿█┤…", 4],
    ["", 0],
  ])("%j takes %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("cutting keeps whole characters and colours, and never exceeds the limit", () => {
    expect(truncate("八哥学说话", 7)).toBe("八哥学…");
    expect(truncate("\u001b[31mabcdef\u001b[39m", 4)).toBe("\u001b[31mabc…\u001b[39m");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (text, columns) => {
        expect(displayWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
      }),
      { seed: 3 },
    );
  });

  test("padding counts columns, not characters", () => {
    expect(padEnd("八哥", 6)).toBe("八哥  ");
  });

  test("wrapping breaks at spaces, and inside Chinese", () => {
    expect(wrap("the bird learns to talk", 10)).toEqual(["the bird", "learns to", "talk"]);
    expect(wrap("八哥学说话", 4)).toEqual(["八哥", "学说", "话"]);
    expect(wrap("a\n\nb", 10)).toEqual(["a", "", "b"]);
  });
});

test("text of a model cannot move the cursor, change the title or turn writing around", () => {
  expect(printable("a\u001b[2Jb\u0007\r\u009b1A\u202ec\td\n")).toBe("a␛[2Jb␇␍\ufffd1A\ufffdc\td\n");
});
