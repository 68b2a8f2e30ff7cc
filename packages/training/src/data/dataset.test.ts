import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { DataError } from "../errors.ts";
import { buildShards, type ShardProgress } from "./build-shards.ts";
import { type Dataset, type DatasetOptions, openDataset } from "./dataset.ts";
import { DigestSet } from "./digest-set.ts";
import { conversationDocuments, textDocuments } from "./document-encoder.ts";
import type { DocumentList } from "./document-list.ts";
import { ShardSet } from "./shard-set.ts";
import { ShardWriter } from "./shard-writer.ts";

const root = mkdtempSync(join(tmpdir(), "myna-dataset-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let home = "";
let count = 0;
beforeEach(() => {
  home = join(root, `home ${count++}`);
  mkdirSync(home);
});

/** A token per byte; 256 ends a text. */
const bytes = textDocuments({
  vocabularySize: 257,
  hash: "bytes",
  endOfTextId: 256,
  encode: (text) => Buffer.from(text, "utf8"),
});

function write(name: string, records: readonly unknown[]): string {
  const path = join(home, name);
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return path;
}

const textRecords = (texts: readonly string[]) => texts.map((text) => ({ text }));
const options = (changes: Partial<DatasetOptions>): DatasetOptions => ({
  home,
  sources: [],
  encoder: bytes,
  heldOut: 0,
  ...changes,
});

function idsOf(list: DocumentList, index: number): number[] {
  const ids = new Int32Array(list.length(index));
  list.readIds(index, 0, ids.length, ids);
  return [...ids];
}

const textOf = (list: DocumentList, index: number) => Buffer.from(idsOf(list, index).slice(1, -1)).toString("utf8");
const textsOf = (list: DocumentList) => Array.from({ length: list.count }, (_, index) => textOf(list, index));

async function failure(work: Promise<unknown>): Promise<string> {
  await expect(work).rejects.toBeInstanceOf(DataError);
  return (await work.catch((error: Error) => error.message)) as string;
}

describe("a dataset", () => {
  test("holds every document between two end-of-text ids, with its bytes", async () => {
    const path = write("a.jsonl", textRecords(["ab", "八哥"]));
    const { sources } = await openDataset(options({ sources: [{ path }] }));
    const { train, statistics } = sources[0]!;
    expect(idsOf(train, 0)).toEqual([256, 97, 98, 256]);
    expect(textsOf(train)).toEqual(["ab", "八哥"]);
    expect(train.bytes(1)).toBe(6);
    expect(statistics).toEqual({ documents: 2, tokens: 12, heldOutDocuments: 0, duplicates: 0, empty: 0, badLines: 0 });
  });

  test("drops exact duplicates within and between sources, and counts them", async () => {
    const sources = [
      { path: write("a.jsonl", textRecords(["x", "y", "x"])) },
      { path: write("b.jsonl", textRecords(["y", "z", "x", ""])) },
    ];
    const dataset = await openDataset(options({ sources }));
    expect(dataset.sources.map(({ train }) => textsOf(train))).toEqual([["x", "y"], ["z"]]);
    expect(dataset.sources.map(({ statistics }) => statistics.duplicates)).toEqual([1, 2]);
    expect(dataset.sources[1]!.statistics.empty).toBe(1);
  });

  test("gives back exactly the texts that went in, 16- or 32-bit ids alike", async () => {
    const wide = textDocuments({
      vocabularySize: 70_000,
      hash: "wide",
      endOfTextId: 69_999,
      encode: (text) => Uint32Array.from(Buffer.from(text), (byte) => byte + 69_000),
    });
    const texts = fc.uniqueArray(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 12 });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(texts, async (wanted) => {
        const path = write(`r${run++}.jsonl`, textRecords(wanted));
        const narrowSet = (await openDataset(options({ sources: [{ path }] }))).sources[0]!.train;
        const wideSet = (await openDataset(options({ sources: [{ path }], encoder: wide }))).sources[0]!.train;
        expect(textsOf(narrowSet)).toEqual(wanted);
        expect(idsOf(wideSet, 0).slice(1, -1)).toEqual([...Buffer.from(wanted[0]!)].map((byte) => byte + 69_000));
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  test("keeps the answers' marks of conversations and the bytes of the answers", async () => {
    const encoder = conversationDocuments({
      vocabularySize: 300,
      hash: "chat",
      render: (messages) => ({
        ids: messages.flatMap(({ content }) => [...Buffer.from(content), 256]),
        isAnswer: messages.flatMap(({ role, content }) => Array(content.length + 1).fill(role === "assistant" ? 1 : 0)),
      }),
    });
    const messages = [
      { role: "user", content: "hi" },
      { role: "assistant", content: "yes" },
    ];
    const dataset = await openDataset(options({ sources: [{ path: write("a.jsonl", [{ messages }]) }], encoder }));
    const { train } = dataset.sources[0]!;
    const marks = new Uint8Array(7);
    train.readAnswers(0, 0, 7, marks);
    expect([...marks]).toEqual([0, 0, 0, 1, 1, 1, 1]);
    expect(train.bytes(0)).toBe(3);
  });
});

describe("the held-out split", () => {
  const many = Array.from({ length: 400 }, (_, index) => `document ${index}`);
  const open = (texts: readonly string[], heldOut: number, name = "a.jsonl"): Promise<Dataset> =>
    openDataset(options({ sources: [{ path: write(name, textRecords(texts)) }], heldOut }));

  test("holds out about the share, and never a document on both sides", async () => {
    const { heldOut, sources } = await open(many, 0.1);
    expect(heldOut.count).toBeGreaterThan(20);
    expect(heldOut.count).toBeLessThan(60);
    expect([...textsOf(heldOut), ...textsOf(sources[0]!.train)].sort()).toEqual([...many].sort());
    expect(sources[0]!.statistics.heldOutDocuments).toBe(heldOut.count);
  });

  test("moves no document when others are added, removed or reordered", async () => {
    const before = textsOf((await open(many, 0.1)).heldOut);
    const after = textsOf((await open(["new", ...many.toReversed().slice(5)], 0.1, "b.jsonl")).heldOut);
    expect(after.filter((text) => text !== "new")).toEqual(before.filter((text) => many.indexOf(text) < 395));
  });

  test("takes one of two documents, and none of one", async () => {
    expect((await open(["a", "b"], 0.001)).heldOut.count).toBe(1);
    expect((await open(["c"], 0.5)).heldOut.count).toBe(0);
  });
});

describe("shards", () => {
  const build = (path: string, changes: object = {}) => buildShards({ home, path, encoder: bytes, ...changes });

  test("are made once for the same bytes and encoder, wherever the file lies", async () => {
    let reads = 0;
    const onProgress = () => reads++;
    const first = await build(write("a.jsonl", textRecords(["x"])), { onProgress });
    const madeOnce = reads;
    expect(madeOnce).toBeGreaterThan(0);
    const second = await build(write("moved.jsonl", textRecords(["x"])), { onProgress });
    expect(second.folder).toBe(first.folder);
    expect(reads).toBe(madeOnce);
    const other = await build(write("b.jsonl", textRecords(["x"])), { encoder: { ...bytes, hash: "other" } });
    expect(other.folder).not.toBe(first.folder);
  });

  test("that are damaged are made again", async () => {
    const path = write("a.jsonl", textRecords(["hello"]));
    const { folder } = await build(path);
    truncateSync(join(folder, "ids-00000.bin"), 3);
    const again = await build(path);
    expect(again.length(0)).toBe(7);
  });

  test("that vanish while they are read are named", async () => {
    const set = await build(write("a.jsonl", textRecords(["hello"])));
    rmSync(set.folder, { recursive: true });
    expect(() => set.readIds(0, 0, 3, new Int32Array(3))).toThrow(
      /found shards that cannot be read \(ENOENT.*expected the shards as they were written\. To fix: remove that folder/,
    );
  });

  test("of the same source may be made by two at the same time", async () => {
    const path = write("a.jsonl", textRecords(Array.from({ length: 700 }, (_, index) => `text ${index}`)));
    const [one, two] = await Promise.all([build(path), build(path)]);
    expect(two!.folder).toBe(one!.folder);
    expect(two!.documents).toBe(700);
    expect(readdirSync(join(home, "data"))).toEqual([one!.manifest.key]);
  });

  test("hold each document whole, in as many files as it takes", () => {
    const writer = new ShardWriter(home, { vocabularySize: 100, hasAnswers: true, idsPerShard: 5 });
    const documents = [
      [1, 2, 3],
      [4, 5],
      [6, 7, 8],
      [9, 10, 11, 12, 13, 14, 15],
      [16, 17],
    ];
    for (const [index, ids] of documents.entries()) {
      writer.add({ ids, isAnswer: ids.map((id) => id % 2), bytes: ids.length }, Uint32Array.of(index, 0, 0, 0));
    }
    const facts = { source: "s", vocabularySize: 100, duplicates: 0, empty: 0, badLines: 0 };
    writer.finish({ kind: "conversation", key: "k", ...facts });
    expect(readdirSync(home).filter((name) => name.startsWith("ids-"))).toHaveLength(4);
    const set = new ShardSet(home);
    const everything = documents.map((_, index) => {
      const ids = new Int32Array(set.length(index));
      const marks = new Uint8Array(set.length(index));
      set.readIds(index, 0, ids.length, ids);
      set.readAnswers(index, 0, ids.length, marks);
      return [[...ids], [...marks]];
    });
    expect(everything).toEqual(documents.map((ids) => [ids, ids.map((id) => id % 2)]));
    set.close();
  });

  test("of a newer format are refused, not removed", async () => {
    const path = write("a.jsonl", textRecords(["hello"]));
    const { folder } = await build(path);
    writeFileSync(join(folder, "manifest.json"), '{"format":99}');
    expect(await failure(build(path))).toContain("found format 99; expected at most 1.");
    expect(existsSync(folder)).toBe(true);
  });

  test("are not left half-made by an error or an abort", async () => {
    const path = write("a.jsonl", [...textRecords(["a"]), { txt: "b" }]);
    expect(await failure(build(path))).toContain("a.jsonl:2: found no field");
    const controller = new AbortController();
    const long = write("b.jsonl", textRecords(Array.from({ length: 3000 }, (_, index) => `t${index}`)));
    const onProgress = ({ documents }: ShardProgress) => documents >= 512 && controller.abort();
    await expect(build(long, { signal: controller.signal, onProgress })).rejects.toHaveProperty("name", "AbortError");
    expect(readdirSync(join(home, "data"))).toEqual([]);
  });

  test("count the bad lines that were left out", async () => {
    const bad: string[] = [];
    const path = write("a.jsonl", [{ text: "a" }, 7, { text: "b" }]);
    const set = await build(path, { skipBad: true, onBad: (error: DataError) => bad.push(error.details.where) });
    expect(set.manifest).toMatchObject({ documents: 2, badLines: 1, tokens: 6, bytes: 2 });
    expect(bad).toEqual([`${path}:2`]);
  });

  test.each([
    ["empty.jsonl", "", "found nothing: it is empty; expected at least one document."],
    ["blank.jsonl", "\n\n", "found nothing: it is empty"],
    ["no text.jsonl", '{"text":""}\n', "found 1 records without text, and nothing else"],
  ])("are refused for %s", async (name, contents, message) => {
    writeFileSync(join(home, name), contents);
    expect(await failure(build(join(home, name)))).toContain(message);
  });

  test("on a full disk, or in a place that is no folder, say what to do and leave nothing behind", async () => {
    const path = write("a.jsonl", textRecords(["x"]));
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    const encode = () => {
      throw full;
    };
    expect(await failure(build(path, { encoder: { ...bytes, encode } }))).toMatch(
      /data: found a full disk; expected room for the tokenised data\. To fix: free some space\.$/,
    );
    expect(readdirSync(join(home, "data"))).toEqual([]);
    rmSync(join(home, "data"), { recursive: true });
    writeFileSync(join(home, "data"), "");
    expect(await failure(build(path))).toContain("found a file where a folder belongs (EEXIST");
  });

  test("leftovers of a killed process are removed", async () => {
    const path = write("a.jsonl", textRecords(["x"]));
    const { folder, manifest } = await build(path);
    rmSync(folder, { recursive: true });
    mkdirSync(join(home, "data", `.${manifest.key}.4194305`)); // beyond Linux's largest process id
    await build(path);
    expect(readdirSync(join(home, "data"))).toEqual([manifest.key]);
  });
});

test("a digest set knows what it has seen", () => {
  const set = new DigestSet();
  const digest = (value: number) => Uint32Array.of(value % 7, value, 0, 0);
  for (let value = 0; value < 5000; value++) expect(set.add(digest(value))).toBe(true);
  for (let value = 0; value < 5000; value++) expect(set.add(digest(value))).toBe(false);
  expect(set.size).toBe(5000);
});
