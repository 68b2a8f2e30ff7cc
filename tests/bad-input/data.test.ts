// Training data that cannot be learned from, through the command line: one error that says where and how to mend it, and
// nothing written.

import { appendFileSync, closeSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusedUntouched } from "../support/refusal.ts";
import { sentences, Workshop } from "../support/workshop.ts";

const workshop = new Workshop();
beforeAll(() => workshop.makeBase());
afterAll(() => workshop.remove());

const good = JSON.stringify({ text: "A good line." });
const gb18030 = Buffer.from([0xb0, 0xcb, 0xb8, 0xe7]); // 八哥

/** pretrain and train-tokenizer on one bad source: both refuse it, in the same words up to the fix. */
async function refuseData(path: string): Promise<string> {
  const [, , ...options] = workshop.pretrain("bad", "--steps", "1");
  const error = await refusedUntouched(workshop, "pretrain", path, ...options);
  const other = await refusedUntouched(workshop, "train-tokenizer", path, "--output", workshop.path("home", "new"));
  expect(other.split("; expected")[0]).toBe(error.split("; expected")[0]);
  return error;
}

test.each<[string, string | Uint8Array, string]>([
  ["a line that is not JSON", `${good}\nhello\n`, "bad.jsonl:2: found no JSON"],
  ["half a line of JSON", `${good}\n{"text": "cut o`, "bad.jsonl:2: found no JSON"],
  ["a field of another name", '{"txt":"x"}\n', 'bad.jsonl:1: found no field "text" (it has "txt")'],
  ["a field of another type", '{"text":5}\n', "bad.jsonl:1: found "],
  ["a list instead of a record", "[1,2]\n", "bad.jsonl:1: found "],
  [
    "two encodings in one file",
    Buffer.concat([Buffer.from(`${good}\n{"text":"`), gb18030, Buffer.from('"}\n')]),
    "bad.jsonl:2: found the byte 0xB0 at place 10 of the line, which is not UTF-8; expected UTF-8. " +
      "To fix: convert the file to UTF-8, for example with iconv -f GB18030 -t UTF-8.",
  ],
  ["UTF-16", Buffer.from(`\ufeff${good}`, "utf16le"), "bad.jsonl:1: found UTF-16; expected UTF-8. To fix: convert"],
  ["no bytes at all", "", "bad.jsonl: found nothing: it is empty; expected at least one document"],
  ["blank lines only", "\n\n\n", "bad.jsonl: found nothing: it is empty; expected at least one document"],
])("%s", async (_, contents, wording) => {
  expect(await refuseData(workshop.write("bad.jsonl", contents))).toContain(wording);
});

test("a line of 100 MB is refused by its number, without being held in memory", async () => {
  const path = workshop.path("long.jsonl");
  const file = openSync(path, "w");
  writeSync(file, `${good}\n{"text":"`);
  const chunk = Buffer.alloc(2 ** 20, "a");
  for (let written = 0; written < 100; written++) writeSync(file, chunk);
  writeSync(file, '"}\n');
  closeSync(file);
  expect(await refuseData(path)).toContain("long.jsonl:2: found a line longer than 16 MiB; expected at most that much");
});

test("a file that grows while it is read is not learned from", async () => {
  const lines = sentences(60_000).map((text) => JSON.stringify({ text }));
  const path = workshop.write("growing.jsonl", `${lines.join("\n")}\n`);
  const timer = setInterval(() => appendFileSync(path, `${good}\n`), 5);
  try {
    const [, , ...options] = workshop.pretrain("bad", "--steps", "1");
    const error = await refusedUntouched(workshop, "pretrain", path, ...options);
    expect(error).toMatch(/growing\.jsonl: found a file that changed while it was read: it grew from \d+ to \d+ bytes/);
    expect(error).toContain("To fix: wait until it is complete, or copy it, and start again.");
  } finally {
    clearInterval(timer);
  }
});

test("nothing there, a folder of other files, a folder that is empty", async () => {
  expect(await refuseData(workshop.path("gone.jsonl"))).toContain("gone.jsonl: found nothing there; expected");
  mkdirSync(workshop.path("pictures"));
  expect(await refuseData(workshop.path("pictures"))).toContain("found a folder without files that can be read");
  writeFileSync(workshop.path("pictures", "a.png"), "");
  expect(await refuseData(workshop.path("pictures"))).toContain("found a folder without files that can be read");
});

test("a link that leads out of the named folder is not followed", async () => {
  mkdirSync(workshop.path("books"));
  symlinkSync(workshop.write("private.txt", "secret"), workshop.path("books", "book.txt"));
  expect(await refuseData(workshop.path("books"))).toContain(
    "book.txt: found a link out of the folder, to …/private.txt",
  );
});

test("conversations for pretraining and raw text for fine-tuning are told apart", async () => {
  const [, , ...options] = workshop.pretrain("bad", "--steps", "1");
  const conversations = await refusedUntouched(workshop, "pretrain", workshop.path("talks.jsonl"), ...options);
  expect(conversations).toContain("To fix: use the file for supervised fine-tuning");
  const [, , ...sft] = workshop.sft("bad", "--model", "base");
  const texts = await refusedUntouched(workshop, "sft", workshop.path("texts.jsonl"), ...sft);
  expect(texts).toContain("To fix: use the file for pretraining, or write conversations.");
});

test("bad lines are left out and counted when that is asked for", async () => {
  const path = workshop.write(
    "mixed/数据 一.jsonl",
    `${good}\nhello\n${sentences(40)
      .map((text) => JSON.stringify({ text }))
      .join("\n")}`,
  );
  const [, , ...options] = workshop.pretrain("数据 run", "--steps", "1", "--skip-bad");
  const { errors } = await workshop.succeed("pretrain", path, ...options);
  expect(errors).toContain("warning: ");
  expect(errors).toContain("1 bad lines left out");
});
