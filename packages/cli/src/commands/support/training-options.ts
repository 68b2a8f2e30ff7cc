// The options that all training stages share: where a run lives, how it is optimised, watched and saved.

import * as z from "zod";

/** What names a folder: a run, a model. */
export const nameSchema = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u,
    "a name of letters, digits, spaces, dots, hyphens and underscores that begins with a letter or digit",
  );

export const runOptions = {
  run: nameSchema.describe("Name of the run: its folder under MYNA_HOME/runs").meta({ unit: "name" }),
  resume: z.boolean().default(false).describe("Continues the run from its last checkpoint, bit for bit"),
  seed: z.int().min(0).max(0xffff_ffff).default(1).describe("Decides initial weights, shuffling and samples"),
  threads: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe("Processor threads; without it one per core. Another number when resuming may change the last bits"),
};

const data = "Data";

export const dataOptions = {
  heldOut: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.01)
    .describe("Share of the documents kept for validation, chosen by the hash of each")
    .meta({ group: data }),
  skipBad: z
    .boolean()
    .default(false)
    .describe("Counts bad lines and goes on; without it the first one stops the run")
    .meta({ group: data }),
};

const optimiser = "Optimiser";

export const optimiserOptions = {
  learningRate: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe("Highest learning rate; without it the depth's rule decides")
    .meta({ group: optimiser }),
  schedule: z
    .enum(["cosine", "wsd"])
    .default("cosine")
    .describe("cosine, or warmup, stable, decay (which can be extended later)")
    .meta({ group: optimiser }),
  warmup: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe("Share of the steps that raise the rate from 0")
    .meta({ group: optimiser }),
  decay: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("Share of the steps that lower the rate at the end (wsd)")
    .meta({ group: optimiser }),
  finalRate: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe("Last learning rate as a share of the highest")
    .meta({ group: optimiser }),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe("Decoupled decay of matrices; norms and biases have none")
    .meta({ group: optimiser }),
  beta1: z.number().min(0).lt(1).default(0.9).describe("AdamW's decay of the mean").meta({ group: optimiser }),
  beta2: z.number().min(0).lt(1).default(0.95).describe("AdamW's decay of the variance").meta({ group: optimiser }),
  clip: z.number().gt(0).default(1).describe("Largest global norm of a gradient").meta({ group: optimiser }),
};

const watching = "Watching and saving";

export const watchingOptions = {
  evaluateEvery: z
    .int()
    .min(1)
    .default(250)
    .describe("Validation and a sample after so many")
    .meta({ group: watching, unit: "steps" }),
  evaluateTokens: z
    .int()
    .min(1)
    .default(65_536)
    .describe("Held-out tokens per validation")
    .meta({ group: watching, unit: "tokens" }),
  samplePrompt: z
    .array(z.string())
    .default([])
    .describe("Beginning of the samples shown")
    .meta({ group: watching, unit: "text" }),
  checkpointEvery: z
    .int()
    .min(1)
    .default(250)
    .describe("A checkpoint after so many")
    .meta({ group: watching, unit: "steps" }),
  keepCheckpoints: z
    .int()
    .min(1)
    .default(2)
    .describe("Checkpoints kept, the best one besides")
    .meta({ group: watching }),
};
