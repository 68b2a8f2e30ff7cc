/**
 * A training killed with SIGKILL at random instants and resumed to the end, against one that never stopped: weights,
 * optimiser and metrics must be the same bytes.
 *
 *   npm run bench -- resume [--kills 20] [--steps 60] [--seed 1] [--data FOLDER]
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { comparableMetrics, randomStream } from "@myna/training";
import type { Benchmark } from "./run.ts";
import { dataFolder } from "./support/data.ts";

const cli = join(import.meta.dirname, "..", "packages", "cli", "bin", "myna.mjs");

interface Outcome {
  readonly code: number | null;
  readonly seconds: number;
  readonly error: string;
}

/** @param killAfterMs SIGKILL at that instant, unless it has ended */
function myna(home: string, parameters: readonly string[], killAfterMs?: number): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...parameters], {
      env: { ...process.env, MYNA_HOME: home },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let error = "";
    child.stderr.on("data", (chunk: Buffer) => {
      error = (error + chunk.toString()).slice(-2000);
    });
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, seconds: (performance.now() - started) / 1000, error });
    });
  });
}

/** What must be equal: the last checkpoint's files, and the metrics without clocks. */
function fingerprint(home: string): Record<string, string> {
  const run = join(home, "runs", "r");
  const folder = join(run, "checkpoints", readFileSync(join(run, "latest"), "utf8").trim());
  const hash = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors") || name === "config.json");
  return {
    ...Object.fromEntries(files.map((name) => [name, hash(readFileSync(join(folder, name)))])),
    metrics: hash(comparableMetrics(readFileSync(join(run, "metrics.jsonl"), "utf8")).join("\n")),
  };
}

export const benchmark: Benchmark = {
  description: "a training killed at random instants and resumed, against one never stopped",
  async run(parameters) {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        kills: { type: "string", default: "20" },
        steps: { type: "string", default: "60" },
        seed: { type: "string", default: "1" },
        data: { type: "string" },
      },
    });
    const wanted = Number(values.kills);
    const text = join(dataFolder(values.data), "pretrain", "en_storybooks.jsonl.gz");
    const root = mkdtempSync(join(tmpdir(), "myna-resume-"));
    const tokenizer = join(root, "tokenizer");
    const random = randomStream(Number(values.seed), "kills");
    const training = (resume: boolean) => [
      ...["pretrain", text, "--tokenizer", tokenizer, "--run", "r", "--depth", "2", "--context", "64"],
      ...["--batch", "1024", "--micro-batch", "8", "--steps", values.steps, "--evaluate-tokens", "2048"],
      ...["--evaluate-every", "7", "--checkpoint-every", "3", ...(resume ? ["--resume"] : [])],
    ];
    const succeed = ({ code, error }: Outcome) => {
      if (code !== 0) throw new Error(`myna: found exit code ${code}; expected 0\n${error}`);
    };
    try {
      succeed(await myna(root, ["train-tokenizer", text, "--output", tokenizer, "--vocabulary", "1024"]));
      const whole = join(root, "whole");
      const reference = await myna(whole, training(false));
      succeed(reference);
      const broken = join(root, "broken");
      let kills = 0;
      let attempts = 0;
      for (let isStarted = false; ; attempts++) {
        // From before anything is written to after the last step, an even chance everywhere.
        const instant =
          kills < wanted ? random.uniform() * reference.seconds * 1000 * (attempts % 3 === 0 ? 0.5 : 1) : undefined;
        const outcome = await myna(broken, training(isStarted), instant);
        isStarted = existsRun(broken);
        if (outcome.code === 0 && kills >= wanted) break;
        if (outcome.code === null) kills += 1;
        else if (outcome.code !== 0) succeed(outcome);
        else if (kills < wanted) {
          // Done before the kills were used up: begin again, the kills so far count.
          if (!isSame(fingerprint(whole), fingerprint(broken))) break;
          rmSync(broken, { recursive: true, force: true });
          isStarted = false;
        }
        console.error(`attempt ${attempts + 1}: ${kills} kills`);
      }
      const expected = fingerprint(whole);
      const found = fingerprint(broken);
      return { kills, attempts, steps: Number(values.steps), identical: isSame(expected, found), expected, found };
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  },
};

const existsRun = (home: string) => {
  try {
    return readdirSync(join(home, "runs", "r")).includes("run.json");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
};

const isSame = (one: Record<string, string>, other: Record<string, string>) =>
  JSON.stringify(one) === JSON.stringify(other);
