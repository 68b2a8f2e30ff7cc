// `myna runs` and `myna runs show`: what has been trained here, and how it went.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { type CommandContext, defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { closest } from "../options/did-you-mean.ts";
import { drawChart } from "../terminal/chart.ts";
import { formatCount, formatDuration } from "../terminal/format.ts";
import { formatTable } from "../terminal/table.ts";
import { displayWidth, printable } from "../terminal/width.ts";
import { listRuns, type RunState, type RunSummary, readMetrics, readRun } from "./support/run-folders.ts";

export const runs = defineCommand({
  name: "runs",
  summary: "Lists the training runs and how far they are",
  options: z.object({}),
  async run(_options, context) {
    const found = listRuns(context.home);
    if (context.isJson) {
      context.output.write(`${JSON.stringify(found)}\n`);
      return;
    }
    if (found.length === 0) {
      context.output.write(`No runs under ${join(context.home, "runs")} yet. Start one with myna pretrain --help.\n`);
      return;
    }
    const rows = found.map((run) => [
      printable(run.name),
      run.stage ?? "",
      colourState(run.state, context),
      stepText(run),
      run.loss?.toFixed(4) ?? "",
      run.bitsPerByte?.toFixed(4) ?? "",
      `${formatDuration((Date.now() - run.changedAt) / 1000)} ago`,
    ]);
    const headings = ["run", "stage", "state", "step", "loss", "bits/byte", "changed"];
    const columns = context.output.columns ?? Number.POSITIVE_INFINITY;
    context.output.write(
      `${fittingTable(headings, [headings.map(context.palette.dim), ...rows], columns).join("\n")}\n`,
    );
  },
});

export const runsShow = defineCommand({
  name: "runs show",
  summary: "Shows one run: its options, its curve, its checkpoint",
  options: z.object({ name: z.string().describe("Name of the run") }),
  positionals: ["name"],
  async run({ name }, context) {
    const run = findRun(name, context);
    const losses = readMetrics(join(run.folder, "metrics.jsonl")).flatMap((line) =>
      typeof line.loss === "number" && line.type !== "evaluation" ? [line.loss] : [],
    );
    if (context.isJson) {
      context.output.write(`${JSON.stringify({ ...run, losses })}\n`);
      return;
    }
    const columns = Math.min(context.output.columns ?? 80, 100);
    const lines = [
      `${context.palette.bold(printable(run.name))} ${run.stage ?? ""} ${colourState(run.state, context)}`,
      ...(run.problem === undefined ? [] : [run.problem]),
      ...drawChart(losses, { columns: columns - 1, rows: 8 }).map(context.palette.cyan),
      `step ${stepText(run)}${run.loss === undefined ? "" : `  loss ${run.loss.toFixed(4)}`}`,
      ...(run.validationLoss === undefined ? [] : [`validation loss ${run.validationLoss.toFixed(4)}`]),
      ...(run.bitsPerByte === undefined ? [] : [`validation ${run.bitsPerByte.toFixed(4)} bits/byte`]),
      `checkpoint ${run.checkpoint ?? "none yet"}`,
      `folder ${run.folder}`,
    ];
    context.output.write(`${lines.join("\n")}\n`);
  },
});

/** On a narrow terminal some columns are left out: lines that wrap cannot be read as a table. */
function fittingTable(headings: readonly string[], rows: readonly string[][], columns: number): string[] {
  const leftOut: string[] = [];
  for (const next of ["", "bits/byte", "stage", "changed", "loss"]) {
    leftOut.push(next);
    const table = formatTable(rows.map((row) => row.filter((_, index) => !leftOut.includes(headings[index]!))));
    if (table.every((line) => displayWidth(line) <= columns) || next === "loss") return table;
  }
  return [];
}

function findRun(name: string, context: CommandContext): RunSummary {
  const known = listRuns(context.home);
  const run = known.find((candidate) => candidate.name === name);
  if (run !== undefined) return readRun(run.folder, run.name);
  const guess = closest(
    name,
    known.map((candidate) => candidate.name),
  );
  throw new UsageError({
    where: "myna runs show",
    found: `no run ${JSON.stringify(name)} under ${join(context.home, "runs")}`,
    expected:
      known.length === 0
        ? "a run, and there are none yet"
        : `one of ${known.map((candidate) => candidate.name).join(", ")}`,
    fix:
      guess !== undefined
        ? `did you mean ${guess}`
        : existsSync(context.home)
          ? "see myna runs"
          : "set MYNA_HOME or --home",
  });
}

function stepText(run: RunSummary): string {
  if (run.step === undefined) return "";
  return run.steps === undefined ? formatCount(run.step) : `${formatCount(run.step)}/${formatCount(run.steps)}`;
}

function colourState(state: RunState, { palette }: CommandContext): string {
  const paint = {
    running: palette.cyan,
    paused: palette.yellow,
    done: palette.green,
    failed: palette.red,
    unreadable: palette.red,
  };
  return paint[state](state);
}
