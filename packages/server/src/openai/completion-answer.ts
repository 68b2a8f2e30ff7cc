/** The engine's events in OpenAI's words: one object, or chunks. */
import type { EngineEvent, ModelInfo, TokenLogProbability } from "@myna/inference";
import type { ChatCompletion, ChatCompletionChunk, FinishReason, Logprobs, OpenAiUsage } from "@myna/protocol";
import { deadlineError } from "../answers/answer-runner.ts";
import { createId } from "../ids.ts";

type End = Extract<EngineEvent, { type: "end" }>;

/** What stays the same in all chunks of an answer. */
export interface CompletionHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint: string;
}

export function createHead(model: ModelInfo, now = Date.now()): CompletionHead {
  return {
    id: createId("chatcmpl"),
    created: Math.floor(now / 1000),
    model: model.id,
    system_fingerprint: `fp_${model.templateHash.slice(0, 10)}`,
  };
}

/**
 * Reads all events into one answer.
 *
 * @throws {RequestError} "timeout" when it was aborted, which only the deadline does to a reader that is still there
 */
export async function collectCompletion(
  events: AsyncIterable<EngineEvent>,
  head: CompletionHead,
  hasLogprobs: boolean,
): Promise<ChatCompletion> {
  let content = "";
  let cachedTokens = 0;
  const tokens: TokenLogProbability[] = [];
  for await (const event of events) {
    if (event.type === "start") cachedTokens = event.cachedTokens;
    if (event.type === "delta") {
      content += event.text;
      tokens.push(...event.tokens);
    }
    if (event.type !== "end") continue;
    return {
      ...head,
      object: "chat.completion",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content, refusal: null },
          logprobs: hasLogprobs ? toLogprobs(tokens) : null,
          finish_reason: toFinishReason(event),
        },
      ],
      usage: toUsage(event, cachedTokens),
    };
  }
  throw new Error("internal: the engine ended without saying why");
}

/** @throws {RequestError} as `collectCompletion` */
export async function* streamCompletion(
  events: AsyncIterable<EngineEvent>,
  head: CompletionHead,
  { hasLogprobs, hasUsage }: { hasLogprobs: boolean; hasUsage: boolean },
): AsyncGenerator<ChatCompletionChunk> {
  const chunk = (choices: ChatCompletionChunk["choices"], usage: OpenAiUsage | null): ChatCompletionChunk => ({
    ...head,
    object: "chat.completion.chunk",
    choices,
    ...(hasUsage ? { usage } : {}),
  });
  yield chunk([{ index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }], null);
  let cachedTokens = 0;
  for await (const event of events) {
    if (event.type === "start") cachedTokens = event.cachedTokens;
    if (event.type === "delta") {
      const logprobs = hasLogprobs ? toLogprobs(event.tokens) : null;
      yield chunk([{ index: 0, delta: { content: event.text }, logprobs, finish_reason: null }], null);
    }
    if (event.type !== "end") continue;
    yield chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: toFinishReason(event) }], null);
    if (hasUsage) yield chunk([], toUsage(event, cachedTokens));
    return;
  }
  throw new Error("internal: the engine ended without saying why");
}

/** A full context is a length to OpenAI's clients. */
function toFinishReason({ reason }: End): FinishReason {
  if (reason === "aborted") throw deadlineError();
  return reason === "stop" ? "stop" : "length";
}

function toUsage({ usage }: End, cachedTokens: number): OpenAiUsage {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}

function toLogprobs(tokens: readonly TokenLogProbability[]): Logprobs {
  const toCandidate = (token: { text: string; logProbability: number; bytes: readonly number[] }) => ({
    token: token.text,
    // JSON has no infinity; OpenAI writes this for "never".
    logprob: Math.max(token.logProbability, -9999),
    bytes: [...token.bytes],
  });
  const content = tokens.map((token) => ({
    ...toCandidate(token),
    top_logprobs: token.alternatives.map(toCandidate),
  }));
  return { content, refusal: null };
}
