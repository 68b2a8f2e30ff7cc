// Runs that cannot begin or go on: in use, existing, changed since they were started, on a disk that is full or read-only.
// What was whole before stays as it was.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { refusalOf, refusedUntouched } from "../support/refusal.ts";
import { sentences, Workshop } from "../support/workshop.ts";

const workshop = new Workshop();
const runFolder = (name: string) => workshop.path("home", "runs", name);
beforeAll(() => workshop.makeBase());
afterAll(() => workshop.remove());

const resume = (...options: string[]) =>
  refusedUntouched(workshop, ...workshop.pretrain("base", "--steps", "2", "--resume", ...options));

test("a run is not overwritten, and one that was never started is not resumed", async () => {
  expect(await refusedUntouched(workshop, ...workshop.pretrain("base", "--steps", "2"))).toContain(
    "To fix: add --resume to continue it, or choose another --run.",
  );
  expect(await refusedUntouched(workshop, ...workshop.pretrain("bass", "--resume"))).toContain(
    "expected a run that was started, such as base. To fix: leave --resume out to start it, or correct --run.",
  );
});

test("a finished run that is resumed has nothing to do and stays as it is", async () => {
  const before = workshop.listing(join(runFolder("base"), "checkpoints"));
  await workshop.succeed(...workshop.pretrain("base", "--steps", "2", "--resume"));
  expect(workshop.listing(join(runFolder("base"), "checkpoints"))).toEqual(before);
});

test.each([
  [["--learning-rate", "0.1"], "option --learning-rate: found 0.1; expected nothing, as the run was started with"],
  [["--seed", "2"], "option --seed: found 2; expected 1, as the run was started with"],
  [["--steps", "9"], "option --steps: found 9; expected 2, as the run was started with"],
])("resumed with %s", async (options, wording) => {
  expect(await resume(...options)).toContain(wording);
});

test("resumed by another stage", async () => {
  const error = await refusedUntouched(workshop, ...workshop.sft("base", "--model", "base", "--resume"));
  expect(error).toContain(
    "run base: found a run of pretrain; expected one of sft. To fix: resume it with myna pretrain",
  );
});

test("resumed with another tokenizer: refused before the data are read again", async () => {
  const other = workshop.path("other tokenizer");
  await workshop.succeed("train-tokenizer", workshop.path("texts.jsonl"), "--output", other, "--vocabulary", "320");
  expect(await resume("--tokenizer", other)).toMatch(
    /found a tokenizer with hash \w{12}; expected \w{12}, as the run was started with\. To fix: use the tokenizer\.json inside/,
  );
});

test("resumed with data that vanished or changed", async () => {
  const path = workshop.path("texts.jsonl");
  const before = readFileSync(path);
  const checkpoints = workshop.listing(runFolder("base"));
  try {
    rmSync(path);
    expect(await resume()).toContain("texts.jsonl: found nothing there");
    writeFileSync(
      path,
      `${sentences(150)
        .map((text) => JSON.stringify({ text }))
        .join("\n")}\n`,
    );
    const told = await workshop.run(...workshop.pretrain("base", "--steps", "2", "--resume"));
    expect(refusalOf(told)).toMatch(/found data with hash \w+; expected .*To fix: bring back the files as they were/);
    expect(workshop.listing(runFolder("base"))).toEqual(checkpoints);
  } finally {
    writeFileSync(path, before);
  }
});

test("a run or a checkpoint of a newer format, a run.json that is damaged", async () => {
  const change = async (file: string, from: string, to: string) => {
    rmSync(runFolder("changed"), { recursive: true, force: true });
    cpSync(runFolder("base"), runFolder("changed"), { recursive: true });
    const path = join(runFolder("changed"), file);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
    return refusedUntouched(workshop, ...workshop.pretrain("changed", "--steps", "2", "--resume"));
  };
  expect(await change("run.json", '"format": 1', '"format": 7')).toContain(
    "run.json: found run format 7; expected at most 1. To fix: update Myna.",
  );
  expect(await change("checkpoints/2/manifest.json", '"format": 1', '"format": 7')).toContain(
    "manifest.json: found checkpoint format 7; expected at most 1. To fix: update Myna.",
  );
  expect(await change("run.json", '"format"', "")).toContain("run.json: found no description of a run");
  rmSync(runFolder("changed"), { recursive: true });
});

test("the only checkpoint is damaged: told once, and left for whoever wants to look", async () => {
  cpSync(runFolder("base"), runFolder("damaged"), { recursive: true });
  truncateSync(join(runFolder("damaged"), "checkpoints", "2", "model.safetensors"), 1000);
  const error = await refusedUntouched(workshop, ...workshop.pretrain("damaged", "--steps", "2", "--resume"));
  expect(error).toMatch(/model\.safetensors: found 1000 bytes; expected \d+ bytes, as the manifest says/);
  rmSync(runFolder("damaged"), { recursive: true });
});

test("two trainings in one run's folder: the second is refused while the first goes on", async () => {
  const first = workshop.start(workshop.pretrain("twice", "--steps", "100000"));
  await first.says(/step 1\//);
  for (const more of [[], ["--resume"]]) {
    const told = await workshop.run(...workshop.pretrain("twice", "--steps", "100000", ...more));
    expect(refusalOf(told)).toContain("To fix:");
    if (more.length > 0)
      expect(told.errors).toContain(`found another training in it: process ${first.child.pid} since`);
  }
  first.child.kill("SIGINT");
  expect((await first.ended).code).toBe(130);
  rmSync(runFolder("twice"), { recursive: true });
});

/** A file system of its own, where this user may mount one: as root, or in a namespace of its own. */
const disk = workshop.path("disk");
const canMount = (() => {
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", disk], { stdio: "ignore" });
    execFileSync("umount", [disk]);
    return true;
  } catch {
    return false;
  }
})();
const mount = (options: string) => execFileSync("mount", ["-t", "tmpfs", "-o", options, "none", disk]);
let isMounted = false;
afterEach(() => {
  if (isMounted) execFileSync("umount", [disk]);
  isMounted = false;
});

test(`a disk that fills up leaves the last good checkpoint whole, and the run goes on when there is room (${canMount ? "on a small disk" : "reduced to a limit on file sizes: mounting needs root"})`, async () => {
  const steps = ["--steps", "4", "--checkpoint-every", "2"];
  const folder = runFolder("full");
  await workshop.succeed(...workshop.pretrain("full-first", ...steps));
  const size = readFileSync(join(runFolder("full-first"), "checkpoints", "4", "optimizer.safetensors")).length;
  if (canMount) {
    mount(`size=${Math.round((size * 1.5 * 1.6) / 1024)}k`);
    isMounted = true;
    mkdirSync(join(folder, ".."), { recursive: true });
    const told = await workshop.run(...workshop.pretrain("full", ...steps, "--home", disk));
    const error = refusalOf(told);
    expect(error).toContain("checkpoints/4: found a full disk; expected room to write model and optimiser");
    expect(error).toContain(`The last good checkpoint is ${join(disk, "runs", "full", "checkpoints", "2")}.`);
    expect(Object.keys(workshop.listing(join(disk, "runs", "full", "checkpoints")))).not.toContain("4");
    mountAgain(size * 8);
    await workshop.succeed(...workshop.pretrain("full", ...steps, "--home", disk, "--resume"));
    const read = (path: string) => readFileSync(join(path, "checkpoints", "4", "model.safetensors"));
    expect(read(join(disk, "runs", "full")).equals(read(runFolder("full-first")))).toBe(true);
  } else {
    const blocks = Math.floor((size * 0.9) / 512);
    const { ended } = workshop.start(workshop.pretrain("full", ...steps), `ulimit -f ${blocks}; `);
    const error = refusalOf(await ended);
    expect(error).toContain("checkpoints/2: found a file larger than the file system allows");
    expect(Object.keys(workshop.listing(join(folder, "checkpoints")))).toEqual([]);
    await workshop.succeed(...workshop.pretrain("full", ...steps, "--resume"));
    expect(existsSync(join(folder, "checkpoints", "4"))).toBe(true);
  }
});

/** The same disk, larger: what is on it stays. */
function mountAgain(bytes: number): void {
  execFileSync("mount", ["-o", `remount,size=${Math.round(bytes / 1024)}k`, disk]);
}

test("a full disk while a tokenizer is written leaves no half of one", async () => {
  const words = ["train-tokenizer", workshop.path("texts.jsonl"), "--vocabulary", "300", "--output"];
  if (canMount) {
    mount("size=8k");
    isMounted = true;
    const error = refusalOf(await workshop.run(...words, join(disk, "new")));
    expect(error).toContain("--output: found a full disk; expected a folder that can be written");
    expect(Object.keys(workshop.listing(disk)).filter((name) => name !== "new")).toEqual([]);
  } else {
    const { ended } = workshop.start([...words, workshop.path("new")], "ulimit -f 1; ");
    expect(refusalOf(await ended)).toMatch(/^--output: found a file larger than the file system allows/);
    expect(Object.keys(workshop.listing(workshop.path("new")))).toEqual([]);
  }
});

test("a data directory that cannot be written", async () => {
  if (canMount) {
    mount("ro,size=64k");
    isMounted = true;
    const error = refusalOf(await workshop.run(...workshop.pretrain("x", "--home", join(disk, "home"))));
    expect(error).toContain("found a read-only file system (EROFS");
    expect(error).toContain("To fix: set MYNA_HOME to a folder that can be written.");
    const output = join(disk, "new");
    const data = workshop.path("texts.jsonl");
    expect(refusalOf(await workshop.run("train-tokenizer", data, "--output", output, "--vocabulary", "300"))).toContain(
      "--output: found a read-only file system",
    );
  }
  const file = workshop.write("a file", "");
  expect(refusalOf(await workshop.run(...workshop.pretrain("x", "--home", file)))).toContain(
    "found a file where a folder belongs",
  );
  expect(readFileSync(file, "utf8")).toBe("");
});
