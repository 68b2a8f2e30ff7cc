/** A recipe: the stages from raw text to a chat model, with the options that differ from the defaults, as one JSON file. */

import { readFileSync } from "node:fs";
import * as z from "zod";
import { OptionError, systemErrorCode } from "./errors.ts";
import type { PretrainOptions } from "./pretrain.ts";
import type { SftOptions } from "./sft.ts";

/** In the recipe's data folder, or beside the recipe when it begins with "./"; `weight` as in PATH=WEIGHT. */
const sourceSchema = z.union([
  z.string().min(1),
  z.strictObject({ path: z.string().min(1), weight: z.number().gt(0).max(1000).default(1) }),
]);

const positive = z.int().min(1);
const share = z.number().min(0).max(1);

const common = {
  data: z.array(sourceSchema).min(1),
  context: positive.max(32_768).optional(),
  batch: positive.optional(),
  microBatch: positive.optional(),
  steps: positive.optional(),
  epochs: z.number().gt(0).optional(),
  learningRate: z.number().gt(0).max(1).optional(),
  schedule: z.enum(["cosine", "wsd"]).default("cosine"),
  warmup: share.default(0.02),
  decay: share.default(0.2),
  finalRate: share.default(0.1),
  weightDecay: share.default(0.1),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.95),
  clip: z.number().gt(0).default(1),
  heldOut: z.number().min(0).max(0.5).default(0.01),
  skipBad: z.boolean().default(false),
  evaluateEvery: positive.default(250),
  evaluateTokens: positive.default(65_536),
  samplePrompt: z.array(z.string()).default([]),
  checkpointEvery: positive.default(250),
  keepCheckpoints: positive.default(2),
};

const pretrainSchema = z.strictObject({
  ...common,
  depth: positive.max(200).default(6),
  width: positive.min(8).optional(),
  heads: positive.optional(),
  kvHeads: positive.optional(),
  tokens: positive.optional(),
  zLoss: share.default(0),
});

const sftSchema = z.strictObject({
  ...common,
  lossOn: z.enum(["assistant", "all"]).default("assistant"),
  patience: z.int().min(0).default(3),
});

export const recipeSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u),
  /** One sentence for people. */
  description: z.string().optional(),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** Where relative data paths begin, relative to the recipe's file. Default: its folder. */
  dataFolder: z.string().optional(),
  tokenizer: z.strictObject({
    data: z.array(sourceSchema).min(1),
    vocabulary: z.int().min(264).max(1_000_000).default(16_384),
    minimumCount: positive.default(2),
    skipBad: z.boolean().default(false),
  }),
  pretrain: pretrainSchema,
  sft: sftSchema.optional(),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeSource = z.infer<typeof sourceSchema>;

/** What a recipe leaves for the runner to fill in. */
export type RecipePretrain = Omit<PretrainOptions, "data" | "tokenizer" | "run" | "resume" | "seed" | "threads">;
export type RecipeSft = Omit<SftOptions, "data" | "model" | "run" | "resume" | "seed" | "threads">;

/** @throws {OptionError} naming the field that is wrong */
export function readRecipe(path: string): Recipe {
  const parsed = recipeSchema.safeParse(readJson(path));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".");
  throw new OptionError({
    where: field === "" ? path : `${path}, ${field}`,
    found: issue.message,
    expected: "a recipe as recipes/tiny-bilingual.json shows one",
    fix: "correct or remove the field",
  });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError) && systemErrorCode(error) === undefined) throw error;
    const isMissing = systemErrorCode(error) === "ENOENT";
    throw new OptionError(
      {
        where: `recipe ${path}`,
        found: isMissing ? "no such file" : oneLine((error as Error).message),
        expected: "a recipe in JSON, as recipes/tiny-bilingual.json is one",
        fix: isMissing ? "check the path" : "correct the file",
      },
      { cause: error },
    );
  }
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, " ");
