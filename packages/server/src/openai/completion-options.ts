/** OpenAI's request in the engine's words. */
import type { ChatMessage, GenerationOptions } from "@myna/inference";
import type { ChatCompletionRequest, OpenAiMessage } from "@myna/protocol";

/** "developer" is OpenAI's newer name of "system"; the parts of a content stand under each other. */
export function toChatMessages(messages: readonly OpenAiMessage[]): ChatMessage[] {
  return messages.map(({ role, content }) => ({
    role: role === "developer" ? "system" : role,
    content: typeof content === "string" ? content : content.map(({ text }) => text).join("\n"),
  }));
}

/** null and absent mean the same in OpenAI's API: the model's default. */
export function toGenerationOptions(request: ChatCompletionRequest): GenerationOptions {
  const { stop, logit_bias: bias, logprobs } = request;
  const options = {
    maxTokens: request.max_completion_tokens ?? request.max_tokens,
    temperature: request.temperature,
    topK: request.top_k,
    topP: request.top_p,
    minP: request.min_p,
    repetitionPenalty: request.repetition_penalty,
    seed: toSeed(request.seed),
    stop: typeof stop === "string" ? [stop] : stop,
    logProbabilities: logprobs === true ? (request.top_logprobs ?? 0) : undefined,
    logitBias: bias,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null));
}

/** OpenAI's seeds may be negative, the engine's may not: −1 becomes 2^53 − 1, so that different seeds stay different. */
function toSeed(seed: number | null | undefined): number | null | undefined {
  return typeof seed === "number" && seed < 0 ? seed + 2 ** 53 : seed;
}
