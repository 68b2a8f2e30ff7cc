import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostTensor } from "@myna/tensor";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { CheckpointError } from "../errors.ts";
import { checkSameTokenizer, readBestCheckpoint, readCheckpoint, readLatestCheckpoint } from "./read-checkpoint.ts";
import { type CheckpointContents, listCheckpoints, writeCheckpoint } from "./write-checkpoint.ts";

const root = mkdtempSync(join(tmpdir(), "myna-checkpoints-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let run = "";
beforeEach(() => {
  run = mkdtempSync(join(root, "run 一 "));
});

function contents(step: number, changes: Partial<CheckpointContents> = {}): CheckpointContents {
  const tensors = {
    "first_moment.w": hostTensor("float32", [2], Float32Array.of(step, 0.1)),
    "second_moment.w": hostTensor("float32", [2], Float32Array.of(step, 1e-30)),
  };
  return {
    state: {
      stage: "pretrain",
      step,
      random: { dropout: [1, 2, 3, 0xffff_ffff] },
      data: { rows: step * 4, rowsBySource: [step * 3, step] },
      tokenizerHash: "abc",
      templateHash: "def",
      options: { depth: 4, nested: { list: [1] } },
    },
    writeModel: (folder) => writeFileSync(join(folder, "model.safetensors"), `weights ${step}`),
    texts: { "tokenizer.json": "{}" },
    optimizer: { updates: step, tensors },
    ...changes,
  };
}

const write = (step: number, keep = 2, bestStep?: number, changes = {}) =>
  writeCheckpoint(run, contents(step, changes), { keep, ...(bestStep !== undefined && { bestStep }) });
const steps = () => listCheckpoints(run).map(({ step }) => step);

async function latest(): Promise<{ step?: number; warnings: string[] }> {
  const warnings: string[] = [];
  const checkpoint = await readLatestCheckpoint(run, (text) => warnings.push(text.replaceAll(run, "RUN")));
  return { ...(checkpoint && { step: checkpoint.step }), warnings };
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CheckpointError);
  return (error as Error).message.replaceAll(run, "RUN");
}

describe("a checkpoint", () => {
  test("holds the files of the design and comes back as it was", async () => {
    const folder = await write(5);
    expect(readdirSync(folder).sort()).toEqual([
      "manifest.json",
      "model.safetensors",
      "optimizer.safetensors",
      "state.json",
      "tokenizer.json",
    ]);
    expect(readFileSync(join(run, "latest"), "utf8")).toBe("5\n");
    const checkpoint = await readCheckpoint(folder);
    expect(checkpoint.state).toEqual(contents(5).state);
    const { updates, tensors } = checkpoint.readOptimizer();
    expect(updates).toBe(5);
    expect(tensors).toEqual(contents(5).optimizer!.tensors);
  });

  test("of a run without any is undefined", async () => {
    expect(await latest()).toEqual({ warnings: [] });
  });

  test("stays when it is among the newest, or the best", async () => {
    for (const step of [1, 2, 3, 4]) await write(step, 2, 2);
    expect(steps()).toEqual([4, 3, 2]);
    expect((await readBestCheckpoint(run, () => undefined))!.step).toBe(2);
    await write(5, 1, 5);
    expect(steps()).toEqual([5]);
  });

  test("that is damaged is passed over with a warning that names the file", async () => {
    await write(1);
    const folder = await write(2);
    const bytes = readFileSync(join(folder, "model.safetensors"));
    bytes[0]! ^= 1;
    writeFileSync(join(folder, "model.safetensors"), bytes);
    const { step, warnings } = await latest();
    expect(step).toBe(1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Checkpoint 2 is damaged and passed over\. RUN.checkpoints.2.model\.safetensors: found SHA-256 \w+…; expected/,
      ),
    ]);
  });

  test("any changed, cut, grown or missing file is noticed", async () => {
    const folder = await write(1);
    const copies = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
    const name = fc.constantFrom(...copies.keys());
    const damage = fc.constantFrom("flip", "cut", "grow", "remove");
    await fc.assert(
      fc.asyncProperty(name, damage, fc.nat(), async (file, kind, at) => {
        const path = join(folder, file);
        const bytes = Buffer.from(copies.get(file)!);
        if (kind === "flip") bytes[at % bytes.length]! ^= 1 << (at % 7);
        if (kind === "remove") rmSync(path);
        else writeFileSync(path, kind === "cut" ? bytes.subarray(0, at % (bytes.length - 1)) : bytes);
        if (kind === "grow") appendFileSync(path, "x");
        await expect(readCheckpoint(folder)).rejects.toBeInstanceOf(CheckpointError);
        writeFileSync(path, copies.get(file)!);
      }),
      { numRuns: 80, seed: 1 },
    );
    expect((await readCheckpoint(folder)).step).toBe(1);
  });

  test("with hostile JSON is refused", async () => {
    const folder = await write(1);
    await fc.assert(
      fc.asyncProperty(fc.json(), async (json) => {
        writeFileSync(join(folder, "manifest.json"), json);
        await expect(readCheckpoint(folder)).rejects.toBeInstanceOf(CheckpointError);
      }),
      { numRuns: 50, seed: 1 },
    );
    const escaping = { format: 1, step: 1, files: { "../latest": { bytes: 2, sha256: "0".repeat(64) } } };
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(escaping));
    expect(await failure(readCheckpoint(folder))).toContain('found the file name "../latest"');
  });

  test("of a newer format is refused, older ones are not taken instead", async () => {
    await write(1);
    const folder = await write(2);
    writeFileSync(join(folder, "manifest.json"), '{"format":2}');
    expect(await failure(readLatestCheckpoint(run, () => undefined))).toBe(
      "RUN/checkpoints/2/manifest.json: found checkpoint format 2; expected at most 1. To fix: update Myna.",
    );
  });

  test("is refused when all are damaged", async () => {
    const folder = await write(1);
    rmSync(join(folder, "manifest.json"));
    expect(await failure(readLatestCheckpoint(run, () => undefined))).toContain(
      "RUN/checkpoints/1/manifest.json: found nothing; expected a file of the checkpoint.",
    );
  });

  test("of another tokenizer or template is refused", () => {
    const checkpoint = { folder: "f", state: contents(1).state };
    checkSameTokenizer(checkpoint, { tokenizerHash: "abc", templateHash: "def" });
    checkSameTokenizer(checkpoint, { tokenizerHash: "abc" });
    expect(() => checkSameTokenizer(checkpoint, { tokenizerHash: "xyz" })).toThrow(
      "checkpoint f: found tokenizer abc…; expected xyz…, the tokenizer in use. " +
        "To fix: use the tokenizer inside that checkpoint, or start a new run with this one.",
    );
    expect(() => checkSameTokenizer(checkpoint, { tokenizerHash: "abc", templateHash: "x" })).toThrow("chat template");
  });
});

describe("writing a checkpoint", () => {
  test("to a full disk names the last good one and leaves nothing behind", async () => {
    await write(1);
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC", path: "model.safetensors" });
    const failing = write(2, 2, undefined, {
      writeModel: () => {
        throw full;
      },
    });
    expect(await failure(failing)).toBe(
      "checkpoint RUN/checkpoints/2: found a full disk (ENOSPC at model.safetensors); expected room to write model and " +
        "optimiser. To fix: free some space, then continue with --resume. The last good checkpoint is RUN/checkpoints/1.",
    );
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["1"]);
    expect(await latest()).toEqual({ step: 1, warnings: [] });
  });

  test("of a step that is there already replaces it", async () => {
    await write(1);
    await write(1, 2, undefined, { texts: { "tokenizer.json": "[]" } });
    expect(readFileSync(join(run, "checkpoints", "1", "tokenizer.json"), "utf8")).toBe("[]");
    expect(steps()).toEqual([1]);
  });

  test("that died while it replaced a step leaves the old one readable", async () => {
    await write(1);
    renameSync(join(run, "checkpoints", "1"), join(run, "checkpoints", ".replaced-1"));
    expect(await latest()).toEqual({ step: 1, warnings: [] });
    await write(2);
    expect(existsSync(join(run, "checkpoints", "1", "manifest.json"))).toBe(true);
  });

  test("can be killed at any instant: the newest complete one is whole", async () => {
    const program = fileURLToPath(new URL("./testing/write-forever.ts", import.meta.url));
    let last = 0;
    for (let kill = 0; kill < 6; kill++) {
      const child = spawn(process.execPath, [program, run, String(last + 1)], { stdio: ["ignore", "pipe", "inherit"] });
      let written = last;
      const hasEnded = new Promise((resolve) => child.once("close", resolve));
      child.stdout.on("data", (text: Buffer) => {
        written = Math.max(written, ...text.toString().trim().split("\n").map(Number));
        // Some milliseconds into the next one; each round another number of them.
        if (written > last) setTimeout(() => child.kill("SIGKILL"), kill * 3 + (written % 3));
      });
      await hasEnded;
      const { step, warnings } = await latest();
      expect(warnings).toEqual([]);
      expect(step).toBeGreaterThanOrEqual(written);
      last = step!;
    }
  });
});
