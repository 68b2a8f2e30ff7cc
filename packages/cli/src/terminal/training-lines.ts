// The wording of training progress: single lines for logs, and the block of the live view.

import type { EvaluationEvent, StepEvent, TrainingEvent } from "@myna/training";
import { drawBar, drawChart } from "./chart.ts";
import type { Palette } from "./colour.ts";
import { formatCount, formatDuration, formatShare, formatShort, formatSmall } from "./format.ts";
import type { TrainingState } from "./training-state.ts";
import { displayWidth, printable } from "./width.ts";

/** One line per event, for logs; undefined for what a log shows elsewhere. */
export function eventLine(event: TrainingEvent): string {
  switch (event.type) {
    case "start":
      return [
        `${event.stage} ${event.run}: ${formatShort(event.parameters)} parameters, ${formatCount(event.steps)} steps of ` +
          `${formatCount(event.tokensPerStep)} tokens${event.firstStep > 0 ? `, resumed at step ${formatCount(event.firstStep)}` : ""}`,
        ...(event.notes ?? []),
      ].join("\n");
    case "step":
      return `step ${event.step}/${event.steps}  loss ${event.loss.toFixed(4)}  ${rateParts(event).join("  ")}  ${speedText(event)}  ${leftText(event)}`;
    case "evaluation":
      return `validation at step ${event.step}: ${evaluationParts(event).join(", ")}`;
    case "sample":
      return `sample at step ${event.step}: ${sampleText(event.prompt, event.text)}`;
    case "checkpoint":
      return `checkpoint at step ${event.step}: ${event.path}`;
    case "note":
      return event.level === "warning" ? `warning: ${event.text}` : event.text;
    case "end":
      return endText(event);
  }
}

/** The block that is redrawn while a stage runs. */
export function liveLines(state: TrainingState, columns: number, palette: Palette): string[] {
  const { start, step, evaluation, sample } = state;
  const lines: string[] = [];
  if (start !== undefined) {
    lines.push(
      `${palette.bold(start.stage)} ${printable(start.run)} ${palette.dim(`${formatShort(start.parameters)} parameters`)}`,
    );
  }
  if (start === undefined) return state.passing === undefined ? [] : [palette.dim(`${printable(state.passing)} …`)];
  if (step === undefined) return [...lines, palette.dim("preparing the first step …")];
  lines.push(...drawChart(state.losses, { columns: Math.min(columns - 1, 90), rows: 6 }).map(palette.cyan));
  const share = step.step / step.steps;
  const counter = `${formatCount(step.step)}/${formatCount(step.steps)}`;
  const barColumns = Math.max(8, Math.min(40, columns - counter.length - 34));
  lines.push(`${counter} ${palette.green(drawBar(share, barColumns))} ${formatShare(share)}  ${leftText(step)}`);
  lines.push(...flow([`loss ${palette.bold(step.loss.toFixed(4))}`, ...rateParts(step)], columns));
  lines.push(speedText(step));
  if (evaluation !== undefined) {
    const at = palette.dim(`at step ${formatCount(evaluation.step)}`);
    lines.push(
      ...flow([`validation ${evaluationParts(evaluation)[0]!}`, ...evaluationParts(evaluation).slice(1), at], columns),
    );
  }
  if (sample !== undefined) lines.push(palette.dim(sampleText(sample.prompt, sample.text)));
  return lines;
}

/** Parts side by side, on as many lines as a narrow terminal needs. */
function flow(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const joined = lines.length === 0 ? part : `${lines.at(-1)}  ${part}`;
    if (lines.length === 0 || displayWidth(joined) > columns - 1) lines.push(part);
    else lines[lines.length - 1] = joined;
  }
  return lines;
}

function rateParts(event: StepEvent): string[] {
  return [
    `learning rate ${formatSmall(event.learningRate)}`,
    `gradient norm ${event.gradientNorm.toFixed(2)}`,
    ...(event.parameterNorm === undefined ? [] : [`parameter norm ${event.parameterNorm.toFixed(1)}`]),
  ];
}

function speedText(event: StepEvent): string {
  const share = event.share === undefined ? "" : `  ${formatShare(event.share)} of peak`;
  return `${formatCount(event.tokensPerSecond)} tokens/s${share}`;
}

function leftText(event: StepEvent): string {
  return `${formatDuration(event.secondsLeft)} left`;
}

function evaluationParts(event: EvaluationEvent): string[] {
  return [
    `loss ${event.loss.toFixed(4)}`,
    `perplexity ${event.perplexity.toPrecision(4)}`,
    ...(event.bitsPerByte === undefined ? [] : [`${event.bitsPerByte.toFixed(4)} bits/byte`]),
    ...(event.isBest === true ? ["best so far"] : []),
  ];
}

/** On one line: a sample with line feeds would push the chart off the screen. */
function sampleText(prompt: string, text: string): string {
  const oneLine = (value: string) =>
    printable(value)
      .replaceAll(/\s*\n\s*/g, " ⏎ ")
      .replaceAll("\t", " ");
  return `${oneLine(prompt)}▸${oneLine(text)}`;
}

const endWords = {
  done: "done",
  stopped: "stopped as asked",
  "early-stop": "stopped early: the held-out loss no longer improves",
  failed: "failed",
} as const;

function endText(event: Extract<TrainingEvent, { type: "end" }>): string {
  const loss = event.loss === undefined ? "" : `, loss ${event.loss.toFixed(4)}`;
  // What failed is told once, by whoever catches the error.
  const message = event.message === undefined || event.reason === "failed" ? "" : `: ${event.message}`;
  const checkpoint = event.checkpoint === undefined ? "" : `\nlast checkpoint: ${event.checkpoint}`;
  return `${endWords[event.reason]}${message} after ${formatCount(event.step)} steps in ${formatDuration(event.seconds)}${loss}${checkpoint}`;
}
