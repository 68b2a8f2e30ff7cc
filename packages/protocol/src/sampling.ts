/** How an answer is sampled, in our own API. Absent values are the model's. */
import * as z from "zod";
import { textSchema } from "./text.ts";

export const longestStopText = 256;
export const mostStopTexts = 16;

export const samplingOptionsSchema = z
  .strictObject({
    maxTokens: z.int().min(1).max(1_000_000).optional().describe("Longest answer in tokens"),
    temperature: z.number().min(0).max(2).optional().describe("0 always takes the likeliest token"),
    topK: z.int().min(0).max(1_000_000).optional().describe("Keeps the K likeliest tokens; 0 keeps all"),
    topP: z.number().gt(0).max(1).optional().describe("Keeps the likeliest tokens that together have this probability"),
    minP: z.number().min(0).max(1).optional().describe("Drops tokens less likely than this share of the likeliest"),
    repetitionPenalty: z.number().gt(0).max(10).optional().describe("Above 1 makes repeating less likely"),
    seed: z.int().min(0).optional().describe("The same seed, prompt and options give the same answer"),
    stop: z.array(textSchema(longestStopText, 1)).max(mostStopTexts).optional().describe("Texts that end the answer"),
  })
  .meta({ id: "SamplingOptions" });

export type SamplingOptions = z.infer<typeof samplingOptionsSchema>;
