/** What a stage is given, whoever starts it: the command line, a recipe, or the server. Options have no defaults here. */

import type { TrainingListener } from "./events.ts";

export interface StageContext {
  /** Absolute path of MYNA_HOME. */
  readonly home: string;
  /** Aborted by Ctrl-C or a stop button: the stage saves a checkpoint and returns. */
  readonly signal: AbortSignal;
  readonly emit: TrainingListener;
}

/** What every training stage takes. */
export interface RunOptions {
  /** Name of the run: its folder under MYNA_HOME/runs. */
  readonly run: string;
  /** Continue from the last checkpoint. */
  readonly resume: boolean;
  /** In [0, 2³²); decides initial weights and order of the data. */
  readonly seed: number;
  /** Processor threads; absent: the process's shared pool. */
  readonly threads?: number | undefined;
  /** Share of the documents kept for validation, in [0, 0.5]. */
  readonly heldOut: number;
  /** Leave bad lines out and count them. */
  readonly skipBad: boolean;
}

export interface OptimiserOptions {
  /** Highest learning rate; absent: the stage's rule. */
  readonly learningRate?: number | undefined;
  readonly schedule: "cosine" | "wsd";
  /** Share of the steps. */
  readonly warmup: number;
  /** Share of the steps; wsd only. */
  readonly decay: number;
  /** Last rate as a share of the highest. */
  readonly finalRate: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Largest global norm of a gradient. */
  readonly clip: number;
}

export interface WatchingOptions {
  /** Steps between evaluations. */
  readonly evaluateEvery: number;
  /** Held-out tokens of an evaluation. */
  readonly evaluateTokens: number;
  /** Beginnings of the samples shown. */
  readonly samplePrompt: readonly string[];
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Checkpoints kept, the best one besides. */
  readonly keepCheckpoints: number;
}

/** What a stage leaves behind. */
export interface StageResult {
  /** Folder of the run. */
  readonly runFolder: string;
  /** Folder of the last complete checkpoint. */
  readonly checkpoint: string;
  /** Steps done; fewer than wanted when the signal stopped it. */
  readonly step: number;
  readonly isComplete: boolean;
}
