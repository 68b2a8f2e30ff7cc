// `myna pretrain`: from raw text to a base model.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { runStage } from "./support/run-stage.ts";
import { dataOptions, optimiserOptions, runOptions, watchingOptions } from "./support/training-options.ts";

const model = "Model (each follows from --depth unless given)";
const length = "Length (one of)";

export const pretrainOptions = z.object({
  data: z
    .array(z.string())
    .min(1)
    .describe("JSONL (plain, .gz, .zst), text and Markdown files or folders; PATH=2 is read twice as often"),
  ...runOptions,
  tokenizer: z
    .string()
    .optional()
    .describe("Folder with tokenizer.json, from train-tokenizer")
    .meta({ unit: "folder" }),
  ...dataOptions,
  depth: z
    .int()
    .min(1)
    .max(200)
    .default(6)
    .describe("Layers; width, heads, learning rate, batch and token budget follow from it")
    .meta({ group: model, unit: "layers" }),
  width: z.int().min(8).optional().describe("Channels of the residual stream").meta({ group: model, unit: "channels" }),
  heads: z.int().min(1).optional().describe("Query heads").meta({ group: model }),
  kvHeads: z.int().min(1).optional().describe("Key and value heads; divides the query heads").meta({ group: model }),
  context: z
    .int()
    .min(16)
    .max(32_768)
    .default(512)
    .describe("Tokens seen at once")
    .meta({ group: model, unit: "tokens" }),
  batch: z.int().min(1).optional().describe("Tokens per optimiser step").meta({ group: model, unit: "tokens" }),
  microBatch: z
    .int()
    .min(1)
    .optional()
    .describe("Sequences at once; the rest of a batch is accumulated")
    .meta({ group: model, unit: "sequences" }),
  steps: z.int().min(1).optional().describe("Optimiser steps").meta({ group: length, unit: "steps" }),
  tokens: z.int().min(1).optional().describe("Training tokens, as in 20M").meta({ group: length, unit: "tokens" }),
  epochs: z.number().gt(0).optional().describe("Passes over the data").meta({ group: length }),
  ...optimiserOptions,
  zLoss: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("Weight of the squared log-partition, which keeps logits small")
    .meta({ group: "Optimiser" }),
  ...watchingOptions,
});

export const pretrain = defineCommand({
  name: "pretrain",
  summary: "Trains a base model on raw text",
  details:
    "Reads the data once, tokenises it into MYNA_HOME, and learns to predict the next token. Ctrl-C saves and exits; " +
    "the same command with --resume continues where it stopped.",
  examples: [
    "myna pretrain books/ --tokenizer .myna/tokenizers/mine --run first --depth 4 --tokens 20M",
    "myna pretrain en.jsonl.gz zh.jsonl.gz=2 --run first --resume",
  ],
  options: pretrainOptions,
  positionals: ["data"],
  run: (options, context) => runStage("pretrain", options, context),
});
