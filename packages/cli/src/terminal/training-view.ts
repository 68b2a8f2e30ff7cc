// Shows a training stage's events: live on a terminal, as plain lines elsewhere, as JSON lines for machines.

import type { TrainingEvent, TrainingListener } from "@myna/training";
import { createPalette, wantsColour } from "./colour.ts";
import { createLiveRegion, type TextStream } from "./live-region.ts";
import { eventLine, liveLines } from "./training-lines.ts";
import { applyEvent, createTrainingState } from "./training-state.ts";

export interface TrainingView {
  /** Bound: may be passed as a listener. */
  show: TrainingListener;
  /** Shows the latest state and frees the terminal; needed when a stage throws before its end event. */
  close(): void;
}

export interface TrainingViewOptions {
  /** Progress for people goes here (standard error); JSON lines go to `output`. */
  stream: TextStream;
  output: TextStream;
  isJson: boolean;
  environment?: Record<string, string | undefined>;
  /** Milliseconds; replaced by tests. */
  now?: () => number;
}

/** At most ten drawings a second: more cannot be read and costs a terminal over a network real time. */
const DRAW_INTERVAL_MS = 100;
/** In a log, one line in this time is enough to see that it lives. */
const LOG_INTERVAL_MS = 10_000;

export function createTrainingView(options: TrainingViewOptions): TrainingView {
  if (options.isJson) return jsonView(options.output);
  const environment = options.environment ?? process.env;
  const isLive = options.stream.isTTY === true && environment.TERM !== "dumb" && environment.CI === undefined;
  return isLive ? liveView(options, environment) : plainView(options);
}

function jsonView(output: TextStream): TrainingView {
  return {
    show: (event) => {
      output.write(`${JSON.stringify(event)}\n`);
    },
    close() {},
  };
}

function plainView({ stream, now = Date.now }: TrainingViewOptions): TrainingView {
  let lastStepLine = Number.NEGATIVE_INFINITY;
  let lastPassingLine = now();
  return {
    show: (event) => {
      if (event.type === "step") {
        const isLast = event.step === event.steps;
        if (!isLast && now() - lastStepLine < LOG_INTERVAL_MS) return;
        lastStepLine = now();
      }
      if (event.type === "note" && event.isPassing === true) {
        if (now() - lastPassingLine < LOG_INTERVAL_MS) return;
        lastPassingLine = now();
      }
      stream.write(`${eventLine(event)}\n`);
    },
    close() {},
  };
}

function liveView(
  { stream, now = Date.now }: TrainingViewOptions,
  environment: Record<string, string | undefined>,
): TrainingView {
  const state = createTrainingState();
  const region = createLiveRegion(stream);
  const palette = createPalette(wantsColour(stream, environment));
  let lastDrawing = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  // A second Ctrl-C ends the process where it stands; the cursor must come back even then.
  process.once("exit", region.close);

  function draw(): void {
    clearTimeout(timer);
    timer = undefined;
    lastDrawing = now();
    region.draw(liveLines(state, stream.columns ?? 80, palette));
  }

  function drawSoon(): void {
    const wait = lastDrawing + DRAW_INTERVAL_MS - now();
    if (wait <= 0) draw();
    else timer ??= setTimeout(draw, wait).unref();
  }

  /**
   * What a person wants to find again by scrolling up. Evaluations and samples stay in the block until newer ones push
   * them out, so that nothing stands on the screen twice.
   */
  function lasting(event: TrainingEvent): string[] {
    switch (event.type) {
      case "start":
        return event.notes ?? [];
      case "evaluation":
        return state.evaluation === undefined ? [] : [eventLine(state.evaluation)];
      case "sample":
        return state.sample === undefined ? [] : [eventLine(state.sample)];
      case "note":
        if (event.isPassing === true) return [];
        return event.level === "warning" ? [palette.yellow(eventLine(event))] : [eventLine(event)];
      case "checkpoint":
        return [palette.dim(eventLine(event))];
      case "step":
      case "end":
        return [];
    }
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    process.off("exit", region.close);
    if (state.start !== undefined) draw();
    else region.draw([]);
    clearTimeout(timer);
    region.close();
  }

  return {
    show: (event) => {
      const lines = lasting(event);
      applyEvent(state, event);
      if (event.type === "end") {
        close();
        stream.write(`${eventLine(event)}\n`);
        return;
      }
      if (isOver) return;
      if (lines.length > 0) region.print(lines);
      drawSoon();
    },
    close,
  };
}
