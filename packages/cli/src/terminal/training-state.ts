// What the training views show, gathered from events. Pure: no time, no terminal.

import type { EvaluationEvent, SampleEvent, StartEvent, StepEvent, TrainingEvent } from "@myna/training";

export interface TrainingState {
  start?: StartEvent;
  step?: StepEvent;
  evaluation?: EvaluationEvent;
  sample?: SampleEvent;
  /** How far something is before the first step. */
  passing?: string;
  /** One loss per step since this process started, thinned to at most MAX_LOSSES. */
  losses: number[];
  /** Steps that one entry of `losses` stands for. */
  stepsPerLoss: number;
  /** Sum and count of the losses that do not fill an entry yet. */
  pending: { sum: number; count: number };
}

const MAX_LOSSES = 4096;

export function createTrainingState(): TrainingState {
  return { losses: [], stepsPerLoss: 1, pending: { sum: 0, count: 0 } };
}

/** Changes the state in place: a long run has millions of steps. */
export function applyEvent(state: TrainingState, event: TrainingEvent): void {
  switch (event.type) {
    case "start":
      Object.assign(state, createTrainingState(), {
        start: event,
        step: undefined,
        evaluation: undefined,
        sample: undefined,
        passing: undefined,
      });
      break;
    case "step":
      state.step = event;
      addLoss(state, event.loss);
      break;
    case "evaluation":
      state.evaluation = event;
      break;
    case "sample":
      state.sample = event;
      break;
    case "note":
      if (event.isPassing === true) state.passing = event.text;
      break;
    case "checkpoint":
    case "end":
      break;
  }
}

/** Memory stays bounded: when the list is full, neighbours are merged and each entry stands for twice the steps. */
function addLoss(state: TrainingState, loss: number): void {
  state.pending.sum += loss;
  state.pending.count++;
  if (state.pending.count < state.stepsPerLoss) return;
  state.losses.push(state.pending.sum / state.pending.count);
  state.pending = { sum: 0, count: 0 };
  if (state.losses.length < MAX_LOSSES) return;
  state.losses = Array.from(
    { length: MAX_LOSSES / 2 },
    (_, index) => (state.losses[2 * index]! + state.losses[2 * index + 1]!) / 2,
  );
  state.stepsPerLoss *= 2;
}
