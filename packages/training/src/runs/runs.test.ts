import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { RunError } from "../errors.ts";
import { openRun, type RunFacts, type RunRequest, readDescription } from "./run.ts";
import { isRunLocked, lockRun } from "./run-lock.ts";
import { gitCommit, versions } from "./versions.ts";

const root = mkdtempSync(join(tmpdir(), "myna-runs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let home = "";
beforeEach(() => {
  home = mkdtempSync(join(root, "home "));
});

const request = (changes: Partial<RunRequest> = {}): RunRequest => ({
  home,
  name: "first",
  stage: "pretrain",
  options: { depth: 4, learningRate: 0.01, threads: 2, tokens: undefined },
  resume: false,
  ...changes,
});
const facts: RunFacts = { seed: 1, datasetHash: "data", sources: [], tokenizerHash: "tokens" };

function start(changes: Partial<RunRequest> = {}, changedFacts: Partial<RunFacts> = {}): void {
  const run = openRun(request(changes));
  try {
    run.begin({ ...facts, ...changedFacts });
  } finally {
    run.release();
  }
}

function failure(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(RunError);
    return (error as Error).message.replaceAll(home, "HOME");
  }
  throw new Error("no error was thrown");
}

describe("a run", () => {
  test("is described in run.json", () => {
    start({ name: "第一 run" }, { parent: "runs/base/checkpoints/9" });
    const description = readDescription(join(home, "runs", "第一 run", "run.json"));
    expect(description).toMatchObject({
      format: 1,
      name: "第一 run",
      stage: "pretrain",
      options: { depth: 4, learningRate: 0.01, threads: 2 },
      seed: 1,
      parent: "runs/base/checkpoints/9",
      datasetHash: "data",
      tokenizerHash: "tokens",
      versions: versions(),
    });
  });

  test("that exists wants --resume, and one that does not cannot be resumed", () => {
    expect(failure(() => start({ resume: true }))).toBe(
      "run first: found nothing to resume in HOME/runs/first; expected a run that was started. " +
        "To fix: leave --resume out to start it, or correct --run.",
    );
    start();
    expect(failure(() => start())).toBe(
      "run first: found a run of that name in HOME/runs/first; expected a new name, or --resume. " +
        "To fix: add --resume to continue it, or choose another --run.",
    );
    start({ resume: true });
    expect(failure(() => start({ resume: true, name: "frist" }))).toContain("such as first.");
  });

  test("resumes with other threads, not with another learning rate or depth", () => {
    start();
    const options = request().options;
    start({ resume: true, options: { ...options, threads: 7, checkpointEvery: 3 } });
    expect(failure(() => start({ resume: true, options: { ...options, learningRate: 0.02 } }))).toBe(
      "run first, option --learning-rate: found 0.02; expected 0.01, as the run was started with. " +
        "To fix: leave the option as it was, or start a new run from the checkpoint.",
    );
    expect(failure(() => start({ resume: true, options: { learningRate: 0.01 } }))).toContain(
      "option --depth: found nothing; expected 4,",
    );
    start({ resume: true, options: { learningRate: 0.01 }, mayChange: ["depth", "threads"] });
  });

  test.each([
    ["datasetHash", "found data with hash other; expected data, as the run was started with"],
    ["tokenizerHash", "found a tokenizer with hash other; expected tokens"],
    ["templateHash", "found a chat template with hash other; expected none"],
  ])("does not resume with another %s", (name, message) => {
    start();
    expect(failure(() => start({ resume: true }, { [name]: "other" }))).toContain(message);
  });

  test("does not resume as another stage", () => {
    start();
    expect(failure(() => start({ resume: true, stage: "sft" }))).toContain(
      "found a run of pretrain; expected one of sft",
    );
  });

  test("of a newer format, or with a damaged run.json, is refused", () => {
    start();
    const path = join(home, "runs", "first", "run.json");
    writeFileSync(path, '{"format":5}');
    expect(failure(() => start({ resume: true }))).toContain("found run format 5; expected at most 1.");
    writeFileSync(path, "{");
    expect(failure(() => start({ resume: true }))).toContain("run.json: found no description of a run");
  });

  test.each(["../escape", "", ".hidden", "a/b", "a\\b", "x".repeat(101), "ends.", "a\n"])("is not named %j", (name) => {
    expect(failure(() => start({ name }))).toContain("run: found the name");
    expect(existsSync(join(home, "runs"))).toBe(false);
  });

  test("that fails before it begins leaves no folder", () => {
    openRun(request()).release();
    expect(existsSync(join(home, "runs", "first"))).toBe(false);
    start();
  });

  test("in a folder that cannot be made says so", () => {
    writeFileSync(join(home, "runs"), "a file");
    expect(failure(() => start())).toContain("expected a folder that can be written");
  });
});

describe("the lock of a run", () => {
  const folder = () => join(home, "run");

  test("keeps a second training out, in this process or another", () => {
    const lock = lockRun(folder());
    expect(isRunLocked(folder())).toBe(true);
    expect(failure(() => lockRun(folder()))).toMatch(
      /^run HOME.run: found another training in it: process \d+ since .*; expected a run that nobody else works on\./,
    );
    const program = `import { lockRun } from ${JSON.stringify(new URL("./run-lock.ts", import.meta.url).href)};
      try { lockRun(${JSON.stringify(folder())}); } catch (error) { console.log(error.name); }`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
    expect(stdout).toBe("RunError\n");
    lock.release();
    expect(isRunLocked(folder())).toBe(false);
    lockRun(folder()).release();
  });

  test("of a process that was killed is taken over", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    mkdirSync(folder());
    const holder = { pid: child.pid!, host: hostname(), since: 1 };
    writeFileSync(join(folder(), "lock"), JSON.stringify(holder));
    expect(failure(() => lockRun(folder()))).toContain(`process ${child.pid}`);
    const hasEnded = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await hasEnded;
    lockRun(folder()).release();
  });

  test.runIf(process.platform === "linux")("of a process whose number another has now is taken over", () => {
    mkdirSync(folder());
    const holder = { pid: process.pid, host: hostname(), since: 1, started: "1" };
    writeFileSync(join(folder(), "lock"), JSON.stringify(holder));
    lockRun(folder()).release();
  });

  test("of another machine is respected, with a word on how to remove it", () => {
    mkdirSync(folder());
    writeFileSync(join(folder(), "lock"), JSON.stringify({ pid: 1, host: "elsewhere", since: 0 }));
    expect(failure(() => lockRun(folder()))).toContain("process 1 on elsewhere since 1970-01-01T00:00:00.000Z");
    expect(failure(() => lockRun(folder()))).toContain("if that machine is gone, remove HOME/run/lock");
  });

  test("that was never written is a starting process at first, a dead one later", () => {
    mkdirSync(folder());
    const path = join(folder(), "lock");
    writeFileSync(path, "");
    expect(failure(() => lockRun(folder()))).toContain("a process that is just starting");
    utimesSync(path, 1, 1);
    const lock = lockRun(folder());
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid });
    lock.release();
  });
});

test("a folder outside of git has no commit", () => {
  expect(gitCommit(home)).toBeUndefined();
});
