// `myna plan`: what a configuration costs, before anything is trained.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { describePlan } from "./support/plan-view.ts";

export const planOptions = z.object({
  depth: z
    .int()
    .min(1)
    .max(200)
    .default(6)
    .describe("Layers; the rest follows from it unless given")
    .meta({ unit: "layers" }),
  width: z.int().min(8).optional().describe("Channels of the residual stream").meta({ unit: "channels" }),
  heads: z.int().min(1).optional().describe("Query heads"),
  kvHeads: z.int().min(1).optional().describe("Key and value heads; divides the query heads"),
  vocabulary: z.int().min(2).default(16_384).describe("Tokens of the tokenizer").meta({ unit: "tokens" }),
  context: z.int().min(16).max(32_768).default(512).describe("Tokens seen at once").meta({ unit: "tokens" }),
  microBatch: z.int().min(1).default(8).describe("Sequences at once in training").meta({ unit: "sequences" }),
  tokens: z.int().min(1).optional().describe("Training tokens; without it the depth's rule").meta({ unit: "tokens" }),
  measure: z.boolean().default(false).describe("Runs a few steps and shows what they take beside the estimate"),
});

export const plan = defineCommand({
  name: "plan",
  summary: "Estimates parameters, work and memory of a model before it is trained",
  examples: ["myna plan --depth 8", "myna plan --depth 12 --context 1024 --json"],
  options: planOptions,
  run: (options, context) => describePlan(options, context),
});
