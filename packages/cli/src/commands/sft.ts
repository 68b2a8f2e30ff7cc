// `myna sft`: from a base model to one that answers.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { runStage } from "./support/run-stage.ts";
import { dataOptions, optimiserOptions, runOptions, watchingOptions } from "./support/training-options.ts";

const length = "Length";

export const sftOptions = z.object({
  data: z
    .array(z.string())
    .min(1)
    .describe('JSONL of {"messages":[{"role","content"}]} (plain, .gz, .zst); PATH=2 is read twice as often'),
  ...runOptions,
  model: z
    .string()
    .optional()
    .describe("Folder of the base model or checkpoint, or the name of its run")
    .meta({ unit: "folder" }),
  ...dataOptions,
  context: z
    .int()
    .min(16)
    .max(32_768)
    .optional()
    .describe("Tokens seen at once; without it the model's own")
    .meta({ unit: "tokens" }),
  batch: z.int().min(1).optional().describe("Tokens per optimiser step").meta({ unit: "tokens" }),
  microBatch: z
    .int()
    .min(1)
    .optional()
    .describe("Sequences at once; the rest of a batch is accumulated")
    .meta({ unit: "sequences" }),
  lossOn: z
    .enum(["assistant", "all"])
    .default("assistant")
    .describe("Learns the assistant's tokens only, or everybody's"),
  epochs: z.number().gt(0).default(3).describe("Passes over the data").meta({ group: length }),
  steps: z
    .int()
    .min(1)
    .optional()
    .describe("Optimiser steps, instead of passes")
    .meta({ group: length, unit: "steps" }),
  patience: z
    .int()
    .min(0)
    .default(3)
    .describe("Evaluations without a better held-out loss before it stops; 0 never stops")
    .meta({ group: length, unit: "evaluations" }),
  ...optimiserOptions,
  ...watchingOptions,
});

export const sft = defineCommand({
  name: "sft",
  summary: "Teaches a base model to answer, from conversations",
  details:
    "Supervised fine-tuning: the loss counts the assistant's tokens only, conversations are packed without ever seeing " +
    "each other. Ctrl-C saves and exits; --resume continues.",
  examples: ["myna sft conversations.jsonl --model first --run first-chat"],
  options: sftOptions,
  positionals: ["data"],
  run: (options, context) => runStage("sft", options, context),
});
