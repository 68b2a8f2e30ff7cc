// The sampling options that `chat` and `generate` share.

import * as z from "zod";

const group = "Sampling";

export const samplingOptions = {
  temperature: z
    .number()
    .min(0)
    .max(5)
    .default(0.8)
    .describe("Divides the logits: 0 takes the likeliest token always, above 1 is adventurous")
    .meta({ group }),
  topK: z
    .int()
    .min(0)
    .default(0)
    .describe("Keeps only the K likeliest tokens; 0 keeps all")
    .meta({ group, unit: "tokens" }),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(0.95)
    .describe("Keeps the likeliest tokens that together have this probability")
    .meta({ group }),
  minP: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe("Drops tokens less likely than this share of the likeliest one")
    .meta({ group }),
  repetitionPenalty: z
    .number()
    .min(1)
    .max(2)
    .default(1)
    .describe("Makes tokens that have appeared already less likely; 1 does nothing")
    .meta({ group }),
  seed: z.int().min(0).optional().describe("Same seed, same answer; without it each run differs").meta({ group }),
  stop: z.array(z.string()).default([]).describe("Ends the answer before this text").meta({ group, unit: "text" }),
  maxTokens: z.int().min(1).default(512).describe("Longest answer").meta({ group, unit: "tokens" }),
};

export const modelOption = z
  .string()
  .optional()
  .describe(
    "Folder of a model or checkpoint, or a name under MYNA_HOME/models; without it the newest, or the default model",
  )
  .meta({ unit: "folder" });
