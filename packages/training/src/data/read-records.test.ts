import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { DataError } from "../errors.ts";
import { readLines } from "./read-lines.ts";
import { parseRecord, type ReadRecordsOptions, readRecords } from "./read-records.ts";
import type { RecordKind, RecordProblem } from "./record.ts";
import { listSourceFiles } from "./source-files.ts";

const root = mkdtempSync(join(tmpdir(), "myna 数据 "));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function write(name: string, contents: string | Uint8Array): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, name), contents);
  return join(folder, name);
}

async function read<Kind extends RecordKind>(path: string, options: ReadRecordsOptions<Kind>) {
  const found = [];
  for (const file of await listSourceFiles(path)) {
    for await (const located of readRecords(file, options)) found.push(located);
  }
  return found;
}

const texts = async (path: string, options: Partial<ReadRecordsOptions<"text">> = {}) =>
  (await read(path, { kinds: ["text"], ...options })).map(({ record }) => record.text);

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  return (error as DataError).message.replaceAll(root, "ROOT").replace(/ROOT\/\d+/, "ROOT");
}

const two = '{"text":"one","lang":"en"}\n\n{"text":"二"}';

describe("a file of records", () => {
  test.each([
    ["plain.jsonl", Buffer.from(two)],
    ["packed.jsonl.gz", gzipSync(two)],
    ["packed.jsonl.zst", zstdCompressSync(two)],
    ["windows.jsonl", Buffer.from(`\uFEFF${two.replaceAll("\n", "\r\n")}\r\n`)],
    ["in two parts.jsonl.gz", Buffer.concat([gzipSync(two.slice(0, 20)), gzipSync(two.slice(20))])],
  ])("%s gives its records", async (name, contents) => {
    expect(await texts(write(name, contents))).toEqual(["one", "二"]);
  });

  test("its records know their file and line", async () => {
    const path = write("a.jsonl", two);
    expect(await read(path, { kinds: ["text"] })).toEqual([
      { kind: "text", record: { text: "one" }, file: path, line: 1 },
      { kind: "text", record: { text: "二" }, file: path, line: 3 },
    ]);
  });

  test.each([
    [
      '{"text":"a"}\n{"text":',
      'a.jsonl:2: found no JSON (Unexpected end of JSON input): "{\\"text\\":"; expected {"text":"…"}. ' +
        "To fix: correct the line, or pass --skip-bad to leave such lines out.",
    ],
    [
      '{"txt":"a"}',
      'a.jsonl:1: found no field "text" (it has "txt"); expected a string there. To fix: write {"text":"…"}.',
    ],
    ['{"text":7}', "a.jsonl:1: found text number 7; expected a string there."],
    ["[1,2]", 'a.jsonl:1: found an array of 2; expected {"text":"…"}. To fix: write one JSON object per line.'],
    ["null", "a.jsonl:1: found null; expected"],
    ['{"text":"\\ud800"}', "expected whole characters, no half of a surrogate pair."],
    [
      '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}',
      "use the file for supervised fine-tuning",
    ],
  ])("%j is refused", async (contents, message) => {
    expect(await failure(texts(write("a.jsonl", contents)))).toContain(message);
  });

  test.each([
    [{ messages: [{ role: "bot", content: "a" }] }, 'found messages[0].role "bot"; expected one of "system", "user"'],
    [{ messages: [{ role: "user", content: "a" }] }, "expected at least one assistant's message, to learn from"],
    [{ messages: [{ role: "user" }] }, 'no field "content" in messages[0] (it has "role")'],
    [{ messages: [] }, "found messages an array of 0; expected at least 1 there"],
  ])("a conversation %j is refused", (value, message) => {
    const { found, expected } = parseRecord(JSON.stringify(value), ["conversation"]) as RecordProblem;
    expect(`found ${found}; expected ${expected}`).toContain(message);
  });

  test("a ranking names every response once", () => {
    const line = (ranking: unknown) =>
      JSON.stringify({ prompt: [{ role: "user", content: "a" }], responses: ["x", "y", "z"], ranking });
    expect(parseRecord(line([[0], [2, 1]]), ["preference", "ranking"])).toHaveProperty("kind", "ranking");
    for (const ranking of [[[0], [1]], [[0, 1, 2, 2]], [[0], [1, 3]]]) {
      expect(parseRecord(line(ranking), ["preference", "ranking"])).toHaveProperty(
        "expected",
        "every response's index once, such as [[0],[2,1]] for three responses",
      );
    }
  });

  test("bad lines are handed over one by one when asked", async () => {
    const contents = Buffer.concat([
      Buffer.from('{"text":"a"}\nnonsense\n'),
      Buffer.from([0x22, 0xc4, 0xe3, 0x0a]),
      Buffer.from(`"${"x".repeat(200)}"\n{"text":"b"}`),
    ]);
    const bad: string[] = [];
    const options = { onBad: (error: DataError) => bad.push(error.details.found), maximumLineBytes: 100 };
    expect(await texts(write("a.jsonl", contents), options)).toEqual(["a", "b"]);
    expect(bad).toEqual([
      expect.stringContaining("no JSON"),
      "the byte 0xC4 at place 2 of the line, which is not UTF-8",
      "a line longer than 100 bytes",
    ]);
  });

  test("a line of 100 MB is refused without being held", async () => {
    const path = write("long.jsonl.gz", gzipSync(Buffer.alloc(100 * 2 ** 20, "x")));
    expect(await failure(texts(path))).toContain(
      "long.jsonl.gz:1: found a line longer than 16 MiB; expected at most that much per line.",
    );
  });

  test("UTF-16 is named", async () => {
    const path = write("a.jsonl", Buffer.from(`\uFEFF${two}`, "utf16le"));
    expect(await failure(texts(path))).toContain("a.jsonl:1: found UTF-16; expected UTF-8.");
  });

  test.each([
    ["cut.jsonl.gz", gzipSync(two).subarray(0, -12), "gzip -t"],
    ["wrong.jsonl.gz", Buffer.from(two), "gzip -t"],
    ["wrong.jsonl.zst", Buffer.from(two), "zstd -t"],
  ])("damaged compression is named: %s", async (name, contents, fix) => {
    const message = await failure(texts(write(name, contents)));
    expect(message).toContain("damaged or incomplete");
    expect(message).toContain(fix);
  });

  test.each([
    ["grows", (path: string) => appendFileSync(path, '\n{"text":"more"}'), "it grew from"],
    ["shrinks", (path: string) => truncateSync(path, 10), "changed while it was read: other bytes than before"],
    ["is rewritten", (path: string) => writeFileSync(path, two.replace("one", "two")), "other bytes than before"],
    ["vanishes", (path: string) => rmSync(path), "a.jsonl: found nothing there"],
  ])("a file that %s after it was listed is refused", async (_name, change, message) => {
    const path = write("a.jsonl", two);
    const [file] = await listSourceFiles(path);
    change(path);
    const lines = async () => {
      for await (const line of readLines(file!)) expect(line.number).toBeGreaterThan(0);
    };
    expect(await failure(lines())).toContain(message);
  });

  test("reading ends when asked", async () => {
    const [file] = await listSourceFiles(write("a.jsonl", '{"text":"a"}\n'.repeat(200_000)));
    const controller = new AbortController();
    const lines = async () => {
      for await (const { number } of readLines(file!, { signal: controller.signal })) {
        if (number === 3) controller.abort();
      }
    };
    await expect(lines()).rejects.toHaveProperty("name", "AbortError");
  });

  test("no bytes at all, whatever they are, bring an error other than a DataError", async () => {
    const name = fc.constantFrom("a.jsonl", "a.txt", "a.jsonl.gz", "a.jsonl.zst");
    const line = fc.oneof(fc.json(), fc.string({ unit: "grapheme" }), fc.constant('{"text":"a"}'));
    const contents = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(line, { maxLength: 8 }).map((lines) => Buffer.from(lines.join("\n"))),
    );
    await fc.assert(
      fc.asyncProperty(name, contents, async (fileName, bytes) => {
        try {
          for (const text of await texts(write(fileName, bytes))) expect(text.isWellFormed()).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  test("every text survives the way through a file", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary" }), { maxLength: 6 }), async (wanted) => {
        const path = write("a.jsonl", `${wanted.map((text) => JSON.stringify({ text })).join("\n")}\n`);
        expect(await texts(path)).toEqual(wanted);
      }),
      { numRuns: 60, seed: 2 },
    );
  });
});

describe("plain text", () => {
  test("is cut at empty lines into documents of about the wanted size", async () => {
    const paragraphs = ["one\ntwo", "three", "four five six", "seven"];
    const path = write("book.md", `${paragraphs.join("\n\n")}\n`);
    expect(await texts(path, { documentBytes: 14 })).toEqual(["one\ntwo", "three", "four five six", "seven"]);
    expect(await texts(path, { documentBytes: 24 })).toEqual(["one\ntwo\n\nthree", "four five six\n\nseven"]);
    expect(await texts(path)).toEqual([paragraphs.join("\n\n")]);
  });

  test("serves pretraining alone", async () => {
    const reading = read(write("a.txt", "hello"), { kinds: ["conversation"] });
    expect(await failure(reading)).toContain("a.txt: found plain text; expected JSONL of");
  });
});

describe("a folder", () => {
  test("gives its readable files in order of their names, hidden ones left out", async () => {
    const folder = join(root, "文件 夹");
    mkdirSync(join(folder, "inner"), { recursive: true });
    for (const name of ["b.txt", "a.jsonl", "inner/c.md.gz", "image.png", ".hidden.txt"]) {
      writeFileSync(join(folder, name), name.endsWith(".gz") ? gzipSync("c") : "");
    }
    symlinkSync(join(folder, "b.txt"), join(folder, "z link.txt"));
    symlinkSync(folder, join(folder, "inner", "circle"));
    const files = await listSourceFiles(folder);
    expect(files.map(({ path }) => path.slice(folder.length + 1))).toEqual(["a.jsonl", "b.txt", "inner/c.md.gz"]);
  });

  test("whose link leads out of it is refused", async () => {
    const outside = write("secret.txt", "x");
    const folder = join(root, "with link");
    mkdirSync(folder);
    symlinkSync(outside, join(folder, "link.txt"));
    expect(await failure(listSourceFiles(folder))).toContain("with link/link.txt: found a link out of the folder");
  });

  test("that does not exist, or holds nothing readable, is refused", async () => {
    expect(await failure(listSourceFiles(join(root, "none")))).toContain("none: found nothing there");
    mkdirSync(join(root, "empty"));
    expect(await failure(listSourceFiles(join(root, "empty")))).toContain("a folder without files that can be read");
  });

  test("a file of another kind is refused when named itself", async () => {
    expect(await failure(listSourceFiles(write("a.json", "[]")))).toContain(
      "write one JSON object per line and name it .jsonl",
    );
  });
});
