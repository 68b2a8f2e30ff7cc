/** Sends what a stage says both to metrics.jsonl and to whoever listens. */

import { RunError } from "../errors.ts";
import type { TrainingEvent, TrainingListener } from "../events.ts";
import type { MetricsLog } from "../metrics/metrics-log.ts";
import type { LearnedStep } from "./learner.ts";
import type { Pace } from "./pace.ts";

export interface StepReport {
  readonly step: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly learned: LearnedStep;
  readonly pace: Pace;
  readonly flopsPerToken: number;
}

export interface Reporter {
  emit(event: TrainingEvent): void;
  step(report: StepReport): void;
  /** The last event of a run that an error ended. A disk too full for it must not hide the error itself. */
  fail(error: unknown, at: { step: number; started: number; checkpoint: string | undefined }): void;
}

/** @param peakGflops of the machine, for the share of it that a run reaches */
export function createReporter(log: MetricsLog, listener: TrainingListener, peakGflops: number): Reporter {
  const emit = (event: TrainingEvent): void => {
    log.write(event);
    listener(event);
  };
  return {
    emit,
    step({ step, steps, learningRate, learned, pace, flopsPerToken }) {
      const { loss, gradientNorm, parameterNorm } = learned;
      const tokensPerSecond = pace.tokensPerSecond();
      const share = (tokensPerSecond * flopsPerToken) / 1e9 / peakGflops;
      const secondsLeft = pace.secondsLeft(steps - step);
      emit({
        type: "step",
        step,
        steps,
        loss,
        learningRate,
        gradientNorm,
        ...(parameterNorm !== undefined && { parameterNorm }),
        tokensPerSecond,
        share,
        secondsLeft,
      });
    },
    fail(error, { step, started, checkpoint }) {
      const event: TrainingEvent = {
        type: "end",
        reason: "failed",
        step,
        seconds: (performance.now() - started) / 1000,
        ...(checkpoint !== undefined && { checkpoint }),
        message: error instanceof Error ? error.message : String(error),
      };
      listener(event);
      try {
        log.write(event);
      } catch (writeError) {
        if (!(writeError instanceof RunError)) throw writeError;
        listener({ type: "note", level: "warning", text: writeError.message });
      }
    },
  };
}
