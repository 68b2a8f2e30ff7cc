/** POST /v1/chat/completions: what is answered, whole and in pieces. */
import * as z from "zod";

const candidateSchema = z.object({
  token: z.string(),
  logprob: z.number(),
  /** The token's bytes, for tokens that are part of a character. */
  bytes: z.array(z.int().min(0).max(255)).nullable(),
});
export const tokenLogprobSchema = candidateSchema.extend({ top_logprobs: z.array(candidateSchema) });
export type TokenLogprob = z.infer<typeof tokenLogprobSchema>;

export const logprobsSchema = z.object({
  content: z.array(tokenLogprobSchema),
  refusal: z.null(),
});
export type Logprobs = z.infer<typeof logprobsSchema>;

export const finishReasonSchema = z.enum(["stop", "length"]);
export type FinishReason = z.infer<typeof finishReasonSchema>;

export const openAiUsageSchema = z
  .object({
    prompt_tokens: z.int().min(0),
    completion_tokens: z.int().min(0),
    total_tokens: z.int().min(0),
    prompt_tokens_details: z.object({ cached_tokens: z.int().min(0) }),
  })
  .meta({ id: "OpenAiUsage" });
export type OpenAiUsage = z.infer<typeof openAiUsageSchema>;

/** Changes whenever the same request and seed could give another answer: the model's name and template. */
const fingerprintSchema = z.string();

export const chatCompletionSchema = z
  .object({
    id: z.string(),
    object: z.literal("chat.completion"),
    /** Seconds since 1970. */
    created: z.int(),
    model: z.string(),
    system_fingerprint: fingerprintSchema,
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
        logprobs: logprobsSchema.nullable(),
        finish_reason: finishReasonSchema,
      }),
    ),
    usage: openAiUsageSchema,
  })
  .meta({ id: "ChatCompletion" });
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;

/** One server-sent event of a stream; `data: [DONE]` follows the last. */
export const chatCompletionChunkSchema = z
  .object({
    id: z.string(),
    object: z.literal("chat.completion.chunk"),
    created: z.int(),
    model: z.string(),
    system_fingerprint: fingerprintSchema,
    /** Empty in the last chunk when usage was asked for. */
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({ role: z.literal("assistant").optional(), content: z.string().optional() }),
        logprobs: logprobsSchema.nullable(),
        finish_reason: finishReasonSchema.nullable(),
      }),
    ),
    /** With stream_options.include_usage: null but in the last chunk. */
    usage: openAiUsageSchema.nullable().optional(),
  })
  .meta({ id: "ChatCompletionChunk" });
export type ChatCompletionChunk = z.infer<typeof chatCompletionChunkSchema>;
