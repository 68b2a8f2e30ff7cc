// `myna train-tokenizer`: byte-level BPE from text.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { runStage } from "./support/run-stage.ts";

export const trainTokenizerOptions = z.object({
  data: z.array(z.string()).min(1).describe("JSONL (plain, .gz, .zst), text and Markdown files or folders"),
  output: z
    .string()
    .describe("Folder that gets tokenizer.json and tokenizer_config.json")
    .meta({ unit: "folder", short: "o" }),
  vocabulary: z
    .int()
    .min(264)
    .max(1_000_000)
    .default(16_384)
    .describe("Tokens, special ones included")
    .meta({ unit: "tokens" }),
  minimumCount: z.int().min(1).default(2).describe("Pairs seen less often are never merged"),
  skipBad: z
    .boolean()
    .default(false)
    .describe("Counts bad lines and goes on; without it the first one stops the training"),
});

export const trainTokenizer = defineCommand({
  name: "train-tokenizer",
  summary: "Makes a tokenizer from text",
  examples: ["myna train-tokenizer en.jsonl.gz zh.jsonl.gz --output .myna/tokenizers/mine"],
  options: trainTokenizerOptions,
  positionals: ["data"],
  run: (options, context) => runStage("tokenizer", options, context),
});
