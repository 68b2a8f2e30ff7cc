// Reads the runs under MYNA_HOME/runs for people: what each is, how far it came, whether somebody works on it.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export type RunState = "running" | "paused" | "done" | "failed" | "unreadable";

export interface RunSummary {
  name: string;
  folder: string;
  stage?: string;
  state: RunState;
  /** Steps done, from the last complete line of metrics.jsonl. */
  step?: number;
  steps?: number;
  loss?: number;
  /** Last held-out result. */
  validationLoss?: number;
  bitsPerByte?: number;
  /** Folder of the last complete checkpoint. */
  checkpoint?: string;
  /** Milliseconds since 1970 when metrics or options last changed. */
  changedAt: number;
  /** Why the state is "unreadable". */
  problem?: string;
}

/** A run that has written nothing for this long and has not ended is taken as stopped. */
const SILENT_MS = 5 * 60_000;

/** All runs, the latest change first; empty if there are none. */
export function listRuns(home: string): RunSummary[] {
  const root = join(home, "runs");
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, "run.json")))
    .map((entry) => readRun(join(root, entry.name), entry.name))
    .sort((one, other) => other.changedAt - one.changedAt);
}

export function readRun(folder: string, name: string, now: number = Date.now()): RunSummary {
  const metricsPath = join(folder, "metrics.jsonl");
  const changedAt = Math.max(...[join(folder, "run.json"), metricsPath].map(modifiedAt));
  const description = readJson(join(folder, "run.json"));
  if (description === undefined) {
    return { name, folder, state: "unreadable", changedAt, problem: "run.json is not complete JSON" };
  }
  const lines = readMetrics(metricsPath);
  const step = lines.findLast((line) => line.type === "step" || ("loss" in line && line.type === undefined));
  const evaluation = lines.findLast((line) => line.type === "evaluation");
  const end = lines.findLast((line) => line.type === "end" || line.type === "start");
  const checkpoint = readCheckpoint(folder);
  const summary: RunSummary = { name, folder, state: stateOf(end, changedAt, now), changedAt };
  assignText(summary, "stage", description.stage);
  assignNumber(summary, "step", step?.step);
  assignNumber(summary, "steps", step?.steps ?? (description.options as Fields | undefined)?.steps);
  assignNumber(summary, "loss", step?.loss);
  assignNumber(summary, "validationLoss", evaluation?.loss);
  assignNumber(summary, "bitsPerByte", evaluation?.bitsPerByte);
  assignText(summary, "checkpoint", checkpoint);
  return summary;
}

type Fields = Record<string, unknown>;

function stateOf(end: Fields | undefined, changedAt: number, now: number): RunState {
  if (end?.type === "end") {
    if (end.reason === "failed") return "failed";
    return end.reason === "stopped" ? "paused" : "done";
  }
  return now - changedAt < SILENT_MS ? "running" : "paused";
}

/** Complete lines only: the last one may be half written by a run that is alive or was killed. */
export function readMetrics(path: string): Fields[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .flatMap((line) => {
      if (line.trim() === "") return [];
      const value = parse(line);
      return value === undefined ? [] : [value];
    });
}

function readCheckpoint(folder: string): string | undefined {
  const path = join(folder, "latest");
  if (!existsSync(path)) return undefined;
  const name = readFileSync(path, "utf8").trim();
  return name === "" ? undefined : join(folder, "checkpoints", name.replace(/^checkpoints[\\/]/, ""));
}

function readJson(path: string): Fields | undefined {
  return parse(readFileSync(path, "utf8"));
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function assignNumber<Key extends keyof RunSummary>(summary: RunSummary, key: Key, value: unknown): void {
  if (typeof value === "number") Object.assign(summary, { [key]: value });
}

function assignText<Key extends keyof RunSummary>(summary: RunSummary, key: Key, value: unknown): void {
  if (typeof value === "string") Object.assign(summary, { [key]: value });
}
