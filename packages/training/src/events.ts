// What a training stage says about itself while it runs. A stage emits these values and knows nothing of terminals,
// files or pages; whoever listens (the terminal, metrics.jsonl, the studio) decides how they look.

/** The stages that report progress. */
export type StageName = "pretrain" | "sft" | "reward" | "ppo" | "tokenizer";

/** Sent once, before the first step and after a resumed checkpoint is loaded. */
export interface StartEvent {
  type: "start";
  stage: StageName;
  /** Name of the run: its folder under MYNA_HOME/runs. */
  run: string;
  /** Steps of the whole run, those before a resume included. */
  steps: number;
  /** First step that will be done now; above 0 when resuming. */
  firstStep: number;
  /** Trainable parameters. */
  parameters: number;
  /** Tokens the optimiser sees per step, padding excluded where it is known beforehand. */
  tokensPerStep: number;
  /** Validation loss, bits per byte and such are reported every this many steps; absent: never. */
  evaluateEvery?: number;
  /** Free sentences a person may want to know: where the optimiser runs, how the data was split. */
  notes?: string[];
}

/** Sent after every optimiser step. */
export interface StepEvent {
  type: "step";
  /** Steps done so far, this one included: 1 … steps. */
  step: number;
  steps: number;
  /** Mean loss per predicted token of this step's batch, in nats. */
  loss: number;
  learningRate: number;
  /** Global L2 norm of the gradient before clipping. */
  gradientNorm: number;
  parameterNorm?: number;
  tokensPerSecond: number;
  /** Share of the machine's measured floating-point peak, in [0, 1]. */
  share?: number;
  /** Estimate for the steps that remain, evaluations included. */
  secondsLeft: number;
}

/** Sent after a pass over the held-out data. */
export interface EvaluationEvent {
  type: "evaluation";
  step: number;
  /** Mean held-out loss per predicted token, in nats. */
  loss: number;
  perplexity: number;
  /** Held-out loss in bits per UTF-8 byte: comparable between tokenizers. */
  bitsPerByte?: number;
  /** True if no earlier evaluation of this run was better. */
  isBest?: boolean;
}

/** Text the model wrote, shown to people so that they see it learn. */
export interface SampleEvent {
  type: "sample";
  step: number;
  prompt: string;
  /** The continuation alone, without the prompt. */
  text: string;
}

/** Sent when a checkpoint is complete on disk (renamed and synced), never before. */
export interface CheckpointEvent {
  type: "checkpoint";
  step: number;
  path: string;
}

export interface NoteEvent {
  type: "note";
  level: "info" | "warning";
  text: string;
  /** How far something is: worth a place on the screen until the next event, not a line in a log each. */
  isPassing?: boolean;
}

/** Why a run ended: all steps done, the caller asked, held-out loss stopped improving, or an error. */
export type EndReason = "done" | "stopped" | "early-stop" | "failed";

/** The last event. After "stopped" the run can be resumed from `checkpoint`. */
export interface EndEvent {
  type: "end";
  reason: EndReason;
  step: number;
  seconds: number;
  /** Folder of the last complete checkpoint, if there is one. */
  checkpoint?: string;
  loss?: number;
  message?: string;
}

export type TrainingEvent =
  | StartEvent
  | StepEvent
  | EvaluationEvent
  | SampleEvent
  | CheckpointEvent
  | NoteEvent
  | EndEvent;

/** Receives events in order; must not throw and must not block. */
export type TrainingListener = (event: TrainingEvent) => void;
