import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OptionError } from "../errors.ts";
import { parseSource } from "./source.ts";

test.each([
  ["books/", { path: "books/" }],
  ["books/=2", { path: "books/", weight: 2 }],
  ["a=b.jsonl=0.5", { path: "a=b.jsonl", weight: 0.5 }],
  ["数据 集.jsonl=3", { path: "数据 集.jsonl", weight: 3 }],
  ["=2", { path: "=2" }],
])("%j is a path and a weight", (text, expected) => {
  expect(parseSource(text)).toEqual(expected);
});

test.each(["books=", "books=0", "books=-1", "books=two", "books=1e9", "books=Infinity", "books= "])(
  "%j is refused",
  (text) => {
    expect(() => parseSource(text)).toThrow(OptionError);
  },
);

test("a path that exists as it is written has no weight", () => {
  const root = mkdtempSync(join(tmpdir(), "myna-source-"));
  mkdirSync(join(root, "x=2"));
  expect(parseSource(join(root, "x=2"))).toEqual({ path: join(root, "x=2") });
  rmSync(root, { recursive: true });
});
