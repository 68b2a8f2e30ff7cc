import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { OptionError } from "../errors.ts";
import type { Batch } from "./batch.ts";
import { byteDataset, endOfText } from "./testing/byte-dataset.ts";
import { createTrainingBatches, type TrainingBatches } from "./training-batches.ts";
import { validationBatches } from "./validation-batches.ts";

const root = mkdtempSync(join(tmpdir(), "myna-batches-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface TestRow {
  tokens: number[];
  positions: number[];
  documents: number[];
  targets: number[];
}

function rowsOf({ batch, time, ...arrays }: Batch): TestRow[] {
  const cut = (array: BigInt64Array, row: number) => [...array.subarray(row * time, (row + 1) * time)].map(Number);
  return Array.from({ length: batch }, (_, row) => ({
    tokens: cut(arrays.tokens, row),
    positions: cut(arrays.positions, row),
    documents: cut(arrays.documents, row),
    targets: cut(arrays.targets, row),
  }));
}

function take(batches: TrainingBatches, count: number): Batch[] {
  return Array.from({ length: count }, () => batches.next()!);
}

/** The (input, target) pairs of pieces, as text: "a>b"; sorted. */
function pairsOf(rows: readonly TestRow[]): string[] {
  return rows
    .flatMap(({ tokens, targets }) => tokens.map((token, index) => `${token}>${targets[index]}`))
    .filter((pair) => !pair.endsWith(">-100"))
    .sort();
}

const pairsOfText = (text: string) => {
  const ids = [endOfText, ...Buffer.from(text), endOfText];
  return ids.slice(0, -1).map((id, index) => `${id}>${ids[index + 1]}`);
};

const someTexts = Array.from({ length: 40 }, (_, index) => `text ${index} ${"abcdefghij".repeat(index % 5)}`);

describe("training batches of text", () => {
  test("restart positions at each document, never predict across one, and pad the last row", async () => {
    const dataset = await byteDataset(root, [{ records: ["ab", "c"] }]);
    const batch = createTrainingBatches(dataset, { batch: 1, time: 6, seed: 1 }).next()!;
    const [row] = rowsOf(batch);
    const abFirst = row!.tokens[1] === 97;
    expect(row!.tokens).toEqual(abFirst ? [256, 97, 98, 256, 99, 0] : [256, 99, 256, 97, 98, 0]);
    expect(row!.targets).toEqual(abFirst ? [97, 98, 256, 99, 256, -100] : [99, 256, 97, 98, 256, -100]);
    expect(row!.positions).toEqual(abFirst ? [0, 1, 2, 0, 1, 0] : [0, 1, 0, 1, 2, 0]);
    expect(row!.documents).toEqual(abFirst ? [0, 0, 0, 1, 1, 2] : [0, 0, 1, 1, 1, 2]);
    expect(batch).toMatchObject({ predicted: 5, filled: 5, bytes: 3 });
  });

  test("read every pair exactly once per epoch, whatever the row's length", async () => {
    const texts = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 40 }), fc.nat(), async (records, time, seed) => {
        const dataset = await byteDataset(root, [{ records, maximumEpochs: 2 }]);
        const batches = createTrainingBatches(dataset, { batch: 1, time, seed });
        const rows = take(batches, batches.rowsPerPass * 2).flatMap(rowsOf);
        const wanted = records.flatMap(pairsOfText).sort();
        expect(pairsOf(rows.slice(0, batches.rowsPerPass))).toEqual(wanted);
        expect(pairsOf(rows.slice(batches.rowsPerPass))).toEqual(wanted);
        expect(batches.next()).toBeUndefined();
        dataset.close();
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  test("follow from seed and position alone", async () => {
    const dataset = await byteDataset(root, [
      { records: someTexts, weight: 1.5 },
      { records: ["one", "two", "three"] },
    ]);
    const options = { batch: 3, time: 16, seed: 5 };
    const whole = createTrainingBatches(dataset, options);
    const batches = take(whole, 60);
    expect(take(createTrainingBatches(dataset, options), 60)).toEqual(batches);
    for (const stop of [0, 1, 7, 30, 59]) {
      const first = createTrainingBatches(dataset, options);
      take(first, stop);
      const resumed = createTrainingBatches(dataset, options);
      resumed.seek(JSON.parse(JSON.stringify(first.position())));
      expect(take(resumed, 60 - stop)).toEqual(batches.slice(stop));
    }
    const other = take(createTrainingBatches(dataset, { ...options, seed: 6 }), 1);
    expect(other).not.toEqual(batches.slice(0, 1));
  });

  test("come in another order in the second epoch", async () => {
    const dataset = await byteDataset(root, [{ records: someTexts }]);
    const batches = createTrainingBatches(dataset, { batch: 1, time: 16, seed: 1 });
    const [one, two] = [take(batches, batches.rowsPerPass), take(batches, batches.rowsPerPass)];
    expect(one.flatMap(rowsOf)).not.toEqual(two.flatMap(rowsOf));
    expect(batches.passes()).toBe(2);
  });

  test("fill up the last batch of a bounded run with padding", async () => {
    const dataset = await byteDataset(root, [{ records: ["abc"], maximumEpochs: 1 }]);
    const batches = createTrainingBatches(dataset, { batch: 3, time: 4, seed: 1, paddingId: 9 });
    const batch = batches.next()!;
    expect(batch).toMatchObject({ batch: 3, predicted: 4, filled: 4 });
    expect(rowsOf(batch)[2]!.tokens).toEqual([9, 9, 9, 9]);
    expect(batches.next()).toBeUndefined();
  });
});

describe("a mixture", () => {
  /** Rows of the source whose texts hold that letter. */
  const rowsWith = (batches: readonly Batch[], letter: string) =>
    batches.flatMap(rowsOf).filter(({ tokens }) => tokens.includes(letter.charCodeAt(0))).length;
  const source = (letter: string, documents: number) => ({
    records: Array.from({ length: documents }, (_, index) => letter.repeat(14) + String.fromCharCode(200 + index)),
  });

  test("reads a source as often as its weight says, at every moment", async () => {
    const dataset = await byteDataset(root, [{ ...source("x", 20), weight: 2 }, source("y", 20)]);
    const batches = createTrainingBatches(dataset, { batch: 3, time: 17, seed: 1 });
    for (let count = 0; count < 10; count++) {
      const batch = take(batches, 1);
      expect([rowsWith(batch, "x"), rowsWith(batch, "y")]).toEqual([2, 1]);
    }
  });

  test("lets the others take over from a source that has reached its epochs", async () => {
    const dataset = await byteDataset(root, [{ ...source("x", 4), maximumEpochs: 1 }, source("y", 4)]);
    const batches = createTrainingBatches(dataset, { batch: 2, time: 17, seed: 1 });
    const rows = take(batches, 8);
    expect(rowsWith(rows, "x")).toBe(4);
    expect(rowsWith(rows, "y")).toBe(12);
  });

  test("refuses a position of other data", async () => {
    const dataset = await byteDataset(root, [source("x", 3)]);
    const batches = createTrainingBatches(dataset, { batch: 1, time: 8, seed: 1 });
    expect(() => batches.seek({ rows: 3, rowsBySource: [1, 2] })).toThrow(OptionError);
  });
});

describe("training batches of conversations", () => {
  test("learn the assistant's tokens only, or everybody's", async () => {
    const dataset = await byteDataset(root, [{ records: [["hi", "yes", "no", "ok"]] }]);
    const answers = createTrainingBatches(dataset, { batch: 1, time: 14, seed: 1 }).next()!;
    const ok = [...Buffer.from("hi#yes#no#ok#")].map((byte) => (byte === 35 ? 256 : byte));
    expect(rowsOf(answers)[0]!.tokens).toEqual([...ok.slice(0, -1), 0, 0]);
    const spoken = [-100, -100, ...ok.slice(3, 7), -100, -100, -100, ...ok.slice(10)];
    expect(rowsOf(answers)[0]!.targets).toEqual([...spoken, -100, -100]);
    expect(answers).toMatchObject({ predicted: 7, filled: 12, bytes: 5 });
    const all = createTrainingBatches(dataset, { batch: 1, time: 14, seed: 1, lossOn: "all" }).next()!;
    expect(all.predicted).toBe(12);
  });

  test("hold every conversation whole, each with a document number of its own", async () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 9 });
    const conversations = fc.uniqueArray(fc.tuple(word, word), { minLength: 1, maxLength: 80, selector: String });
    await fc.assert(
      fc.asyncProperty(conversations, fc.nat(), async (records, seed) => {
        const dataset = await byteDataset(root, [{ records }]);
        const batches = createTrainingBatches(dataset, { batch: 1, time: 24, seed });
        const rows = take(batches, batches.rowsPerPass).flatMap(rowsOf);
        const found = rows.flatMap(({ tokens, targets, documents, positions }) => {
          const pieces = [...new Set(documents)].map((piece) =>
            documents.flatMap((id, at) => (id === piece ? [at] : [])),
          );
          for (const piece of pieces) expect(piece.map((at) => positions[at])).toEqual(piece.map((_, index) => index));
          return pieces
            .filter((piece) => piece.some((at) => targets[at] !== -100))
            .map((piece) => piece.map((at) => tokens[at]).join());
        });
        const idsOf = (pair: readonly string[]) => [...Buffer.from(pair[0]!), 256, ...Buffer.from(pair[1]!)].join();
        expect(found.sort()).toEqual(records.map(idsOf).sort());
        dataset.close();
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  test("resume in a later epoch", async () => {
    const records = Array.from({ length: 30 }, (_, index) => [`q${index}`, "a".repeat((index % 7) + 1)]);
    const dataset = await byteDataset(root, [{ records }]);
    const options = { batch: 2, time: 20, seed: 3 };
    const whole = createTrainingBatches(dataset, options);
    take(whole, Math.ceil(whole.rowsPerPass * 1.6));
    const resumed = createTrainingBatches(dataset, options);
    resumed.seek(whole.position());
    expect(take(resumed, 20)).toEqual(take(whole, 20));
  });

  test("are cut after an answer when too long, else truncated, else left out, and counted", async () => {
    const records = [
      ["q", "aaaa", "r", "bbbb"], // 5 ids for the first exchange and its mark: cut after it
      ["q", "c".repeat(30)], // the first answer alone is too long
      ["u".repeat(30), "d"], // the answer begins too late
      ["s", "e"],
    ];
    const dataset = await byteDataset(root, [{ records }]);
    const batches = createTrainingBatches(dataset, { batch: 1, time: 10, seed: 1 });
    expect(batches.shortened).toEqual({ cutAtTurn: 1, truncated: 1, leftOut: 1 });
    const rows = take(batches, batches.rowsPerPass).flatMap(rowsOf);
    const text = rows.flatMap(({ tokens }) => tokens).map((id) => (id === 256 ? "#" : String.fromCharCode(id)));
    const seen = text.join("");
    expect(seen).toContain("q#aaaa");
    expect(seen).not.toMatch(/[rbud]/);
    expect(seen).toContain(`q#${"c".repeat(8)}`);
    const cut = rows.find(({ tokens }) => tokens.includes(97))!;
    const last = cut.tokens.lastIndexOf(97);
    expect(cut.targets[last]).toBe(256); // the end of the answer is learnt
  });

  test("without any answer in reach are refused", async () => {
    const dataset = await byteDataset(root, [{ records: [["u".repeat(30), "d"]] }]);
    expect(() => createTrainingBatches(dataset, { batch: 1, time: 8, seed: 1 })).toThrow(
      "training data: found nothing to learn within 8 tokens; expected documents outside the held-out share",
    );
  });
});

describe("validation batches", () => {
  test("predict every pair of the held-out documents once, with their bytes, in one order", async () => {
    const dataset = await byteDataset(root, [{ records: someTexts }], 0.4);
    const batches = [...validationBatches(dataset, { batch: 2, time: 16 })];
    const { heldOut } = dataset;
    const indices = Array.from({ length: heldOut.count }, (_, index) => index);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(batches.map(({ predicted }) => predicted))).toBe(sum(indices.map((index) => heldOut.length(index) - 1)));
    expect(sum(batches.map(({ bytes }) => bytes))).toBe(sum(indices.map((index) => heldOut.bytes(index))));
    expect([...validationBatches(dataset, { batch: 2, time: 16 })]).toEqual(batches);
  });

  test("stop at whole documents within the wanted tokens", async () => {
    const dataset = await byteDataset(root, [{ records: someTexts }], 0.4);
    const limit = dataset.heldOut.length(0) + dataset.heldOut.length(1);
    const batches = [...validationBatches(dataset, { batch: 1, time: 64, maximumTokens: limit })];
    const bytes = batches.reduce((total, batch) => total + batch.bytes, 0);
    expect(bytes).toBe(dataset.heldOut.bytes(0) + dataset.heldOut.bytes(1));
  });
});
