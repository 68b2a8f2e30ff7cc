/** What lies in a checkpoint's folder besides the model: manifest.json and state.json, and their schemas. */

import * as z from "zod";
import type { BatchPosition } from "../data/batch.ts";
import type { RandomState } from "../random.ts";

export { checkpointFormat } from "@myna/models";

export const manifestFile = "manifest.json";
export const stateFile = "state.json";
export const optimizerFile = "optimizer.safetensors";

export const manifestSchema = z.object({
  format: z.int(),
  step: z.int().min(0),
  files: z.record(z.string(), z.object({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export type CheckpointManifest = z.infer<typeof manifestSchema>;

const word = z.int().min(0).max(0xffff_ffff);
const randomState = z.tuple([word, word, word, word]);

export const stateSchema = z.object({
  stage: z.enum(["pretrain", "sft", "reward", "ppo", "tokenizer"]),
  /** Steps done. */
  step: z.int().min(0),
  /** Streams of random numbers by name. */
  random: z.record(z.string(), randomState),
  /** Position in the training data; absent for a model that no data position belongs to. */
  data: z.object({ rows: z.int().min(0), rowsBySource: z.array(z.int().min(0)) }).optional(),
  /** `Dataset.hash` that the position belongs to. */
  datasetHash: z.string().optional(),
  tokenizerHash: z.string(),
  templateHash: z.string().optional(),
  /** Options of the run, as given. */
  options: z.record(z.string(), z.unknown()),
  /** The best evaluation so far. */
  best: z.object({ step: z.int(), loss: z.number() }).optional(),
  /** Evaluations since the best one, for early stopping. */
  evaluationsSinceBest: z.int().min(0).optional(),
  /** Whatever else a stage needs to continue bit for bit. */
  extra: z.record(z.string(), z.unknown()).optional(),
});

export type TrainingState = Omit<z.infer<typeof stateSchema>, "random" | "data"> & {
  random: Readonly<Record<string, RandomState>>;
  data?: BatchPosition;
};
