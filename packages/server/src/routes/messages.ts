/** /api/conversations/{conversationId}/messages: say, regenerate, stop, and follow an answer. */
import { createRoute } from "@hono/zod-openapi";
import {
  chatEventSchema,
  endEventId,
  eventsQuerySchema,
  regenerateRequestSchema,
  regenerateResponseSchema,
  sendMessageRequestSchema,
  sendMessageResponseSchema,
  stopResponseSchema,
} from "@myna/protocol";
import { followAnswer, type NumberedEvent, replayAnswer } from "../answers/answer-events.ts";
import { regenerate, requireMessage, sendMessage, stopAnswer } from "../answers/send.ts";
import { RequestError } from "../errors.ts";
import type { App } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { eventStreamResponse, formatEvent } from "../http/event-stream.ts";
import { apiErrors, conversationParams, json, jsonBody, messageParams } from "./documented.ts";

const path = "/api/conversations/{conversationId}/messages";
const onePath = `${path}/{messageId}` as const;

const sendRoute = createRoute({
  method: "post",
  path,
  summary: "Say something; the answer's text comes through its events",
  request: { params: conversationParams, body: jsonBody(sendMessageRequestSchema) },
  responses: { 201: json(sendMessageResponseSchema, "The message and the answer that begins"), ...apiErrors },
});

const regenerateRoute = createRoute({
  method: "post",
  path: `${onePath}/regenerate`,
  summary: "Another answer, beside those that are there",
  request: { params: messageParams, body: jsonBody(regenerateRequestSchema) },
  responses: { 201: json(regenerateResponseSchema, "The answer that begins"), ...apiErrors },
});

const stopRoute = createRoute({
  method: "post",
  path: `${onePath}/stop`,
  summary: "Stop an answer; the engine stops too",
  request: { params: messageParams },
  responses: { 200: json(stopResponseSchema, "The message as it stays"), ...apiErrors },
});

const eventsRoute = createRoute({
  method: "get",
  path: `${onePath}/events`,
  summary: "Follow an answer, from the beginning or from where the reader was",
  request: { params: messageParams, query: eventsQuerySchema },
  responses: {
    200: { description: "Its events", content: { "text/event-stream": { schema: chatEventSchema } } },
    204: { description: "The reader has all of them" },
    ...apiErrors,
  },
});

export function addMessages(app: App, dependencies: AppDependencies): void {
  const { answers } = dependencies;

  app.openapi(sendRoute, async (context) => {
    const { conversationId } = context.req.valid("param");
    return context.json(await sendMessage(dependencies, conversationId, context.req.valid("json")), 201);
  });

  app.openapi(regenerateRoute, async (context) => {
    const { conversationId, messageId } = context.req.valid("param");
    const answer = await regenerate(dependencies, conversationId, messageId, context.req.valid("json"));
    return context.json({ answer }, 201);
  });

  app.openapi(stopRoute, async (context) => {
    const { conversationId, messageId } = context.req.valid("param");
    return context.json({ message: await stopAnswer(dependencies, conversationId, messageId) }, 200);
  });

  app.openapi(eventsRoute, async (context) => {
    const { conversationId, messageId } = context.req.valid("param");
    // Looked up before the row: an answer that ends in between is then complete in the database.
    const running = answers.find(messageId);
    const message = await requireMessage(dependencies, conversationId, messageId);
    if (message.role !== "assistant") throw noAnswer(message.role);
    const last = context.req.header("last-event-id") ?? context.req.valid("query").after ?? "0";
    if (last === endEventId) return context.body(null, 204);
    const after = /^[0-9]{1,9}$/.test(last) ? Number(last) : 0;

    const leave = new AbortController();
    const events =
      running === undefined
        ? replayAnswer(message, after)
        : followAnswer(running, message, after, AbortSignal.any([context.req.raw.signal, leave.signal]));
    return eventStreamResponse(toFrames(events), { ...context.get("limits"), onAbandon: () => leave.abort() });
  });
}

async function* toFrames(events: Iterable<NumberedEvent> | AsyncIterable<NumberedEvent>): AsyncGenerator<string> {
  for await (const { id, event } of events) yield formatEvent({ id, data: JSON.stringify(event) });
}

function noAnswer(role: string): RequestError {
  return new RequestError("invalid_request", {
    where: "messageId",
    found: `a message of role ${role}`,
    expected: "an answer",
    fix: "follow the answer to it",
  });
}
