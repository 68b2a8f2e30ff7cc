import fc from "fast-check";
import { expect, test } from "vitest";
import { highlight } from "./highlight.ts";

const read = (code: string, language: string) =>
  highlight(code, language)
    .filter(({ kind }) => kind !== "plain")
    .map(({ kind, text }) => `${kind}:${text}`);

test("the parts joined are exactly the code, for any text in any language", () => {
  const names = fc.constantFrom("ts", "python", "rust", "html", "sql", "diff", "yaml", "unknown", "__proto__");
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.array(fc.constantFrom('"', "'", "`", "\\", "\n", "/*", "*/", "#", "1e", "x("), { maxLength: 30 }),
  );
  fc.assert(
    fc.property(text, names, (value, name) => {
      const code = Array.isArray(value) ? value.join("") : value;
      expect(
        highlight(code, name)
          .map((token) => token.text)
          .join(""),
      ).toBe(code);
    }),
  );
});

test("TypeScript: keywords, strings, numbers, calls and comments are told apart", () => {
  expect(read('const n = parse("1\\"", 0x1f); // if', "ts")).toEqual([
    "keyword:const",
    "name:parse",
    'string:"1\\""',
    "number:0x1f",
    "comment:// if",
  ]);
});

test("Python: a string in three quotes may span lines, one in single quotes may not", () => {
  expect(read('"""a\n"b" """\n\'c\nd', "Python")).toEqual(['string:"""a\n"b" """', "string:'c"]);
});

test("SQL's keywords may be written in any case; a diff is coloured by line", () => {
  expect(read("Select 1", "sql")).toEqual(["keyword:Select", "number:1"]);
  expect(read("@@ 1\n-a\n+b\n c", "diff")).toEqual(["name:@@ 1\n", "removed:-a\n", "added:+b\n"]);
});

test("a comment that never ends, as in the middle of a stream, is a comment to the end", () => {
  expect(read("a /* b", "c")).toEqual(["comment:/* b"]);
});
