import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { RunError } from "../errors.ts";
import type { TrainingEvent } from "../events.ts";
import { comparableMetrics, openMetricsLog } from "./metrics-log.ts";
import { bitsPerByte, perplexity } from "./units.ts";

const root = mkdtempSync(join(tmpdir(), "myna-metrics-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const step = (number: number, tokensPerSecond: number): TrainingEvent => ({
  type: "step",
  step: number,
  steps: 4,
  loss: 5 - number,
  learningRate: 0.1,
  gradientNorm: 1,
  tokensPerSecond,
  secondsLeft: tokensPerSecond,
});
const evaluation = (number: number): TrainingEvent => ({ type: "evaluation", step: number, loss: 2, perplexity: 7.4 });
const note: TrainingEvent = { type: "note", level: "info", text: "换行\n" };

const typesIn = (path: string) =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => {
      const event = JSON.parse(line) as { type: string; step?: number };
      return `${event.type}${event.step ?? ""}`;
    });

describe("the metrics of a resumed run", () => {
  test("lose what came after the checkpoint, the end and a half-written line, and then equal an unstopped run's", () => {
    const [stopped, whole] = [join(root, "stopped.jsonl"), join(root, "whole.jsonl")];
    const log = openMetricsLog(stopped);
    for (const event of [step(1, 10), step(2, 11), evaluation(2), note, step(3, 12)]) log.write(event);
    log.close();
    appendFileSync(stopped, '{"type":"step","st');
    const resumed = openMetricsLog(stopped, { keepThrough: 2 });
    expect(typesIn(stopped)).toEqual(["step1", "step2", "evaluation2", "note"]);
    for (const event of [step(3, 99), step(4, 98)]) resumed.write(event);
    resumed.write({ type: "end", reason: "stopped", step: 4, seconds: 1 });
    resumed.sync();
    resumed.close();
    openMetricsLog(stopped, { keepThrough: 4 }).close();
    const unstopped = openMetricsLog(whole);
    for (const event of [step(1, 1), step(2, 1), evaluation(2), step(3, 1), step(4, 1)]) unstopped.write(event);
    unstopped.close();
    expect(typesIn(stopped)).toEqual(["step1", "step2", "evaluation2", "note", "step3", "step4"]);
    const comparable = comparableMetrics(readFileSync(stopped, "utf8"));
    expect(comparable).toEqual(comparableMetrics(readFileSync(whole, "utf8")));
    expect(comparable).toHaveLength(5);
  });

  test("begin anew when the file is gone", () => {
    const path = join(root, "gone.jsonl");
    openMetricsLog(path, { keepThrough: 3 }).close();
    expect(readFileSync(path, "utf8")).toBe("");
  });

  test("that cannot be written say what to do", () => {
    expect(() => openMetricsLog(join(root, "none", "metrics.jsonl"))).toThrow(RunError);
  });
});

test.runIf(process.platform === "linux")("metrics on a full disk say what to do", () => {
  const log = openMetricsLog("/dev/full");
  expect(() => log.write(note)).toThrow(
    /^\/dev\/full: found a full disk.*; expected room for the metrics\. To fix: free some space, then continue with --resume;/,
  );
  log.close();
});

test("a loss of one bit per byte is ln 2 nats", () => {
  expect(bitsPerByte(Math.LN2 * 30, 30)).toBeCloseTo(1, 12);
  expect(bitsPerByte(1, 0)).toBeUndefined();
  expect(perplexity(Math.log(8))).toBeCloseTo(8, 12);
});
