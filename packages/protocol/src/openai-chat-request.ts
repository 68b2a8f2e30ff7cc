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
  { error: 'must have type "text" and a text; leave out images, sounds and files, which this model does not read' },
);
const contentSchema = z.union([textSchema(longestContent), z.array(contentPartSchema).min(1).max(256)], {
  error: (issue) => describeContent(issue.input),
});

export const openAiMessageSchema = z
  .object({
    role: z.enum(["system", "developer", "user", "assistant"], {
      error: "must be system, developer, user or assistant; leave out tools, which are not supported",
    }),
    content: contentSchema,
    name: z.string().max(64).optional(),
  })
  .meta({ id: "OpenAiChatMessage" });
export type OpenAiMessage = z.infer<typeof openAiMessageSchema>;

/** The union's own complaint says nothing useful, so the content is looked at again. */
function describeContent(content: unknown): string {
  if (Array.isArray(content)) {
    return `must hold 1 to 256 parts, each with type "text" and a text of whole characters; leave out images, which this model does not read`;
  }
  if (typeof content === "string") {
    const problem = textSchema(longestContent).safeParse(content).error?.issues[0]?.message;
    return problem ?? "must be a text";
  }
  return "must be a text or a list of text parts";
}

/** What to say about a field that is only accepted when it changes nothing. */
const unsupported = (instead: string) => ({ error: `must be absent, for it is not supported; ${instead}` });
const noPenalty = z.literal(0, unsupported("leave it out, and use repetition_penalty")).nullish();
const noTools = z.array(z.unknown(), unsupported("leave it out")).max(0, unsupported("leave it out")).nullish();
const noToolChoice = z.enum(["none", "auto"], unsupported("leave it out")).nullish();
const nothing = z.null(unsupported("leave it out")).optional();
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
      .literal(1, {
        error: "must be 1, for this server gives one answer at a time; send the request again for another",
      })
      .nullish(),

    top_k: z.int().min(0).nullish().describe("Extension: keeps the K likeliest tokens; 0 keeps all"),
    min_p: z.number().min(0).max(1).nullish().describe("Extension: drops tokens below this share of the likeliest"),
    repetition_penalty: z.number().gt(0).max(10).nullish().describe("Extension: above 1 makes repeating less likely"),

    presence_penalty: noPenalty,
    frequency_penalty: noPenalty,
    response_format: z
      .object(
        { type: z.literal("text", unsupported('leave it out or {"type":"text"}')) },
        unsupported('leave it out or {"type":"text"}'),
      )
      .nullish(),
    tools: noTools,
    functions: noTools,
    tool_choice: noToolChoice,
    function_call: noToolChoice,
    modalities: z.array(z.literal("text", unsupported('leave it out or ["text"]'))).nullish(),
    audio: nothing,
    prediction: nothing,
    web_search_options: nothing,

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
    message: "must come with logprobs: true",
  })
  .meta({ id: "ChatCompletionRequest" });
export type ChatCompletionRequest = z.infer<typeof chatCompletionRequestSchema>;
