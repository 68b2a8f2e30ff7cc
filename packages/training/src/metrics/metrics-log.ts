/**
 * metrics.jsonl: one line per event, appended. A resumed run first takes back what came after its checkpoint, so that the
 * file reads as if the run had never stopped.
 *
 * For that to hold, a stage writes everything of a step (evaluation and sample too) before that step's checkpoint.
 */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { explainWriteFailure, RunError } from "../errors.ts";
import type { TrainingEvent } from "../events.ts";

export interface MetricsLog {
  /** Appends one line, at once. @throws {RunError} for a full disk and the like */
  write(event: TrainingEvent): void;
  /** Returns when all lines would survive a power failure: to be called before a checkpoint is written. */
  sync(): void;
  close(): void;
}

/**
 * @param options.keepThrough resuming: step of the checkpoint; lines of later steps are taken back. Absent: a new file
 * @throws {RunError} if the file cannot be written
 */
export function openMetricsLog(path: string, options: { readonly keepThrough?: number } = {}): MetricsLog {
  return explained(path, () => {
    if (options.keepThrough !== undefined) takeBack(path, options.keepThrough);
    const file = openSync(path, options.keepThrough === undefined ? "w" : "a");
    return {
      write: (event) =>
        explained(path, () => {
          const bytes = Buffer.from(`${JSON.stringify(event)}\n`, "utf8");
          for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
        }),
      sync: () => explained(path, () => fsyncSync(file)),
      close: () => closeSync(file),
    };
  });
}

/** Cuts the file after the last line that a run stopped right at the checkpoint would have. */
function takeBack(path: string, step: number): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  let end = 0;
  for (let next = bytes.indexOf(0x0a); next >= 0; next = bytes.indexOf(0x0a, end)) {
    if (!belongsBefore(bytes.toString("utf8", end, next), step)) break;
    end = next + 1;
  }
  truncateSync(path, end);
}

function belongsBefore(line: string, step: number): boolean {
  const event = parse(line);
  if (event === undefined) return false;
  // It is the last line if there is one: the run goes on after all.
  if (event.type === "end") return false;
  if (typeof event.step !== "number") return true;
  return event.step <= step;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Fields that tell of the machine and the clock, not of what was learnt. */
const timingFields = new Set(["tokensPerSecond", "share", "secondsLeft", "seconds"]);
const learntTypes = new Set(["step", "evaluation", "sample"]);

/**
 * What a run learnt, line by line, without timings: equal for a run that was resumed and one that never stopped.
 *
 * @param text contents of metrics.jsonl
 */
export function comparableMetrics(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => {
      const event = parse(line);
      return event !== undefined && learntTypes.has(String(event.type)) ? [event] : [];
    })
    .map((event) =>
      JSON.stringify(Object.fromEntries(Object.entries(event).filter(([name]) => !timingFields.has(name)))),
    );
}

function explained<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const reason = explainWriteFailure(error);
    if (reason === undefined) throw error;
    throw new RunError(
      {
        where: path,
        found: reason.found,
        expected: "room for the metrics",
        fix: `${reason.fix}, then continue with --resume; checkpoints are untouched`,
      },
      { cause: error },
    );
  }
}
