// Which function does the work of each training command. The options are what the command's schema gives.

import type { StageContext } from "@myna/training";
import type * as z from "zod";
import type { pretrainOptions } from "../pretrain.ts";
import type { recipeRunOptions } from "../recipe-run.ts";
import type { sftOptions } from "../sft.ts";
import type { trainTokenizerOptions } from "../train-tokenizer.ts";
import { findModel } from "./model-folder.ts";

export interface StageOptions {
  pretrain: z.infer<typeof pretrainOptions>;
  sft: z.infer<typeof sftOptions>;
  recipe: z.infer<typeof recipeRunOptions>;
  tokenizer: z.infer<typeof trainTokenizerOptions>;
}

/** Does a stage's work; returns when it is complete or, after `context.signal` aborts, when everything is saved. */
export type Stage<Options> = (options: Options, context: StageContext) => Promise<unknown>;

/** Loaders, so that a command's help does not load the tensor engine. */
export type StageTable = { [Name in keyof StageOptions]: () => Promise<Stage<StageOptions[Name]>> };

export const stages: StageTable = {
  tokenizer: async () => (await import("@myna/training")).trainTokenizerStage,
  pretrain: async () => {
    const { pretrain } = await import("@myna/training");
    return (options, context) => {
      const tokenizer = options.tokenizer ?? findModel("default", context.home).folder;
      return pretrain({ ...options, tokenizer }, context);
    };
  },
  sft: async () => {
    const { sft } = await import("@myna/training");
    return (options, context) => {
      const { folder } = findModel(options.model, context.home);
      return sft({ ...options, model: folder }, context);
    };
  },
  recipe: async () => {
    const { runRecipe } = await import("@myna/training");
    return runRecipe;
  },
};
