// Which function does the work of each training command. The options are what the command's schema gives.

import type * as z from "zod";
import type { pretrainOptions } from "../pretrain.ts";
import type { recipeRunOptions } from "../recipe-run.ts";
import type { sftOptions } from "../sft.ts";
import type { trainTokenizerOptions } from "../train-tokenizer.ts";
import type { StageContext } from "./run-stage.ts";

export interface StageOptions {
  pretrain: z.infer<typeof pretrainOptions>;
  sft: z.infer<typeof sftOptions>;
  recipe: z.infer<typeof recipeRunOptions>;
  tokenizer: z.infer<typeof trainTokenizerOptions>;
}

/** Does a stage's work; returns when it is complete or, after `context.signal` aborts, when everything is saved. */
export type Stage<Options> = (options: Options, context: StageContext) => Promise<unknown>;

/** Loaders, so that a command's help does not load the tensor engine. */
export type StageTable = { [Name in keyof StageOptions]?: () => Promise<Stage<StageOptions[Name]>> };

export const stages: StageTable = {};
