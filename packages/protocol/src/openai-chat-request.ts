/**
 * POST /v1/chat/completions: what is accepted. Fields of OpenAI's that cannot change an answer are read and ignored;
 * those that could and are not supported are refused by name unless they hold their neutral value.
 */
import * as z from "zod";
import { longestStopText, mostStopTexts } from "./sampling.ts";
import { textSchema } from "./text.ts";

export const longestContent = 1_000_000;

const contentPartSchema = z.discriminatedUnion(
  "type",
  [z.object({ type: z.literal("text"), text: textSchema(longestContent) })],
  { error: 'must have type "text" and a text; this model reads no images, sounds or files' },
);
const contentSchema = z.union([textSchema(longestContent), z.array(contentPartSchema).min(1).max(256)], {
  error: (issue) => describeContent(issue.input),
});

export const openAiMessageSchema = z
  .object({
    role: z.enum(["system", "developer", "user", "assistant"], {
      error: "must be system, developer, user or assistant; tools are not supported",
    }),
    content: contentSchema,
    name: z.string().max(64).optional(),
  })
  .meta({ id: "OpenAiChatMessage" });
export type OpenAiMessage = z.infer<typeof openAiMessageSchema>;

/** The union's own complaint says nothing useful, so the content is looked at again. */
function describeContent(content: unknown): string {
  if (Array.isArray(content)) {
    return `must hold 1 to 256 parts, each with type "text" and a text of whole characters; this model reads no images`;
  }
  if (typeof content === "string") {
    const problem = textSchema(longestContent).safeParse(content).error?.issues[0]?.message;
    return problem ?? "must be a text";
  }
  return "must be a text or a list of text parts";
}

/** A field that is only accepted when it changes nothing. */
const neutral = <T>(isNeutral: (value: unknown) => boolean, expected: string) =>
  z.custom<T>((value) => value === undefined || value === null || isNeutral(value), {
    error: `is not supported; ${expected}`,
  });
const ignored = z.unknown().optional();

export const chatCompletionRequestSchema = z
  .strictObject({
    model: z.string().min(1).max(256),
    messages: z.array(openAiMessageSchema).min(1).max(10_000),
    stream: z.boolean().nullish(),
    stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
    max_tokens: z.int().min(1).nullish().describe("Older name of max_completion_tokens"),
    max_completion_tokens: z.int().min(1).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().gt(0).max(1).nullish(),
    seed: z.int().nullish(),
    stop: z
      .union([textSchema(longestStopText, 1), z.array(textSchema(longestStopText, 1)).max(mostStopTexts)], {
        error: `must be a text of 1 to ${longestStopText} characters, or at most ${mostStopTexts} of them`,
      })
      .nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    logit_bias: z
      .record(z.string().regex(/^[0-9]{1,9}$/, "must be a token id"), z.number().min(-100).max(100))
      .nullish(),
    n: z
      .literal(1, { error: "must be 1: this server gives one answer at a time; send the request again for another" })
      .nullish(),

    top_k: z.int().min(0).nullish().describe("Extension: keeps the K likeliest tokens; 0 keeps all"),
    min_p: z.number().min(0).max(1).nullish().describe("Extension: drops tokens below this share of the likeliest"),
    repetition_penalty: z.number().gt(0).max(10).nullish().describe("Extension: above 1 makes repeating less likely"),

    presence_penalty: neutral<0>((value) => value === 0, "leave it out or 0, and use repetition_penalty").optional(),
    frequency_penalty: neutral<0>((value) => value === 0, "leave it out or 0, and use repetition_penalty").optional(),
    response_format: neutral<{ type: "text" }>(isTextFormat, 'leave it out or {"type":"text"}').optional(),
    tools: neutral<[]>(isEmptyList, "leave it out").optional(),
    functions: neutral<[]>(isEmptyList, "leave it out").optional(),
    tool_choice: neutral<"none" | "auto">((value) => value === "none" || value === "auto", "leave it out").optional(),
    function_call: neutral<"none" | "auto">((value) => value === "none" || value === "auto", "leave it out").optional(),
    modalities: neutral<["text"]>(isTextOnly, 'leave it out or ["text"]').optional(),
    audio: neutral<null>(() => false, "leave it out").optional(),
    prediction: neutral<null>(() => false, "leave it out").optional(),
    web_search_options: neutral<null>(() => false, "leave it out").optional(),

    user: ignored,
    metadata: ignored,
    store: ignored,
    service_tier: ignored,
    safety_identifier: ignored,
    prompt_cache_key: ignored,
    prompt_cache_retention: ignored,
    parallel_tool_calls: ignored,
    reasoning_effort: ignored,
    verbosity: ignored,
  })
  .refine((request) => !(typeof request.top_logprobs === "number" && request.logprobs !== true), {
    path: ["top_logprobs"],
    message: "needs logprobs: true",
  })
  .meta({ id: "ChatCompletionRequest" });
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>;

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isTextOnly(value: unknown): boolean {
  return Array.isArray(value) && value.length === 1 && value[0] === "text";
}

function isTextFormat(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && value.type === "text";
}
