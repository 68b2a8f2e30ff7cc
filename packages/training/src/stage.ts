/** What a stage is given besides its options, whoever starts it: the command line, a recipe, or the server. */

import type { TrainingListener } from "./events.ts";

export interface StageContext {
  /** Absolute path of MYNA_HOME. */
  readonly home: string;
  /** Aborted by Ctrl-C or a stop button: the stage saves a checkpoint and returns. */
  readonly signal: AbortSignal;
  readonly emit: TrainingListener;
}
