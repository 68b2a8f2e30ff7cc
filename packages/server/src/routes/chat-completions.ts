/** POST /v1/chat/completions, whole or streamed. Keeps nothing: its conversations belong to the client. */
import { createRoute } from "@hono/zod-openapi";
import type { EngineEvent } from "@myna/inference";
import { chatCompletionChunkSchema, chatCompletionRequestSchema, chatCompletionSchema } from "@myna/protocol";
import { closingError } from "../answers/answer-runner.ts";
import { describeError, toOpenAiError } from "../describe-error.ts";
import type { App } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { eventStreamResponse, formatEvent } from "../http/event-stream.ts";
import { type CompletionHead, collectCompletion, createHead, streamCompletion } from "../openai/completion-answer.ts";
import { toChatMessages, toGenerationOptions } from "../openai/completion-options.ts";
import { jsonBody, openAiErrors } from "./documented.ts";
import { requireModel } from "./models.ts";

const route = createRoute({
  method: "post",
  path: "/v1/chat/completions",
  summary: "Answers a conversation",
  request: { body: jsonBody(chatCompletionRequestSchema) },
  responses: {
    200: {
      description: "The answer, or with stream: true its chunks and [DONE]",
      content: {
        "application/json": { schema: chatCompletionSchema },
        "text/event-stream": { schema: chatCompletionChunkSchema },
      },
    },
    ...openAiErrors,
  },
});

export function addChatCompletions(app: App, { engine, log, isClosing }: AppDependencies): void {
  app.openapi(route, async (context) => {
    const request = context.req.valid("json");
    if (isClosing()) throw closingError();
    requireModel(engine.model, request.model);
    const limits = context.get("limits");

    const leave = new AbortController();
    const left = AbortSignal.any([context.req.raw.signal, leave.signal]);
    const signal = AbortSignal.any([left, AbortSignal.timeout(limits.completionMs)]);
    const events = engine.chat(toChatMessages(request.messages), toGenerationOptions(request), signal);
    const head = createHead(engine.model);
    const hasLogprobs = request.logprobs === true;
    if (request.stream !== true) return context.json(await collectCompletion(events, head, hasLogprobs), 200);

    // Refusals (a prompt that is too long, a full queue) come before the first event, and get a status of their own.
    const started = await afterStart(events, left);
    const hasUsage = request.stream_options?.include_usage === true;
    const frames = toFrames(started, head, { hasLogprobs, hasUsage });
    return eventStreamResponse(frames, { ...limits, onAbandon: () => leave.abort() });
  });

  async function* toFrames(
    events: AsyncIterable<EngineEvent>,
    head: CompletionHead,
    options: { hasLogprobs: boolean; hasUsage: boolean },
  ): AsyncGenerator<string> {
    try {
      for await (const chunk of streamCompletion(events, head, options)) {
        yield formatEvent({ data: JSON.stringify(chunk) });
      }
      yield formatEvent({ data: "[DONE]" });
    } catch (error) {
      // The status is sent already, so the error becomes the last event, and no [DONE] says that all is well.
      const described = describeError(error);
      log({ level: "error", event: "completion-error", completionId: head.id, trace: described.trace });
      yield formatEvent({ data: JSON.stringify(toOpenAiError(described)) });
    }
  }
}

/**
 * Waits until the engine has taken the request, and gives all its events all the same.
 *
 * @param left ends the engine's iterator, for a response that nobody begins to read never reaches its `finally`
 */
async function afterStart(events: AsyncIterable<EngineEvent>, left: AbortSignal): Promise<AsyncIterable<EngineEvent>> {
  const iterator = events[Symbol.asyncIterator]();
  const seen: EngineEvent[] = [];
  for (;;) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    seen.push(value);
    if (value.type !== "queued") break;
  }
  const leave = () => {
    // Whatever it says after its reader has left, nobody is there to be told.
    iterator.return?.().catch(() => undefined);
  };
  if (left.aborted) leave();
  else left.addEventListener("abort", leave, { once: true });
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* seen;
        for (;;) {
          const { value, done } = await iterator.next();
          if (done === true) return;
          yield value;
        }
      } finally {
        await iterator.return?.();
      }
    },
  };
}
