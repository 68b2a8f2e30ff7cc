/** What the model is told: the system prompt and the branch that leads to the message to be answered. */
import type { ChatMessage } from "@myna/inference";
import type { Message, MessagePart, SamplingOptions } from "@myna/protocol";

/** @param path from the first message to the one to be answered */
export function buildPrompt(systemPrompt: string | null, path: readonly Message[]): ChatMessage[] {
  const messages = path
    .map(({ role, parts }): ChatMessage => ({ role, content: textOf(parts) }))
    // An answer that was stopped before its first word says nothing, and templates would render an empty turn.
    .filter(({ role, content }) => role !== "assistant" || content !== "");
  const hasSystemPrompt = systemPrompt !== null && systemPrompt.trim() !== "";
  return hasSystemPrompt ? [{ role: "system", content: systemPrompt }, ...messages] : messages;
}

export function textOf(parts: readonly MessagePart[]): string {
  return parts.map((part) => part.text).join("\n\n");
}

/** What the request leaves out comes from the settings, and then from the model. */
export function mergeOptions(settings: SamplingOptions, request: SamplingOptions | undefined): SamplingOptions {
  return { ...settings, ...request };
}
