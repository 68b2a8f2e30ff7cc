/** /api/conversations: the list, and one conversation with its whole tree. */
import { createRoute } from "@hono/zod-openapi";
import {
  conversationResponseSchema,
  conversationTreeSchema,
  createConversationRequestSchema,
  listConversationsQuerySchema,
  listConversationsResponseSchema,
  updateConversationRequestSchema,
} from "@myna/protocol";
import { presentMessage } from "../answers/present-message.ts";
import {
  createConversation,
  deleteConversation,
  findConversation,
  listConversations,
  updateConversation,
} from "../database/conversations.ts";
import { listMessages } from "../database/messages.ts";
import { readSettings } from "../database/settings.ts";
import { notFound } from "../errors.ts";
import type { App } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { apiErrors, conversationParams, json, jsonBody } from "./documented.ts";

const path = "/api/conversations";
const onePath = `${path}/{conversationId}` as const;

const listRoute = createRoute({
  method: "get",
  path,
  summary: "Conversations, latest change first",
  request: { query: listConversationsQuerySchema },
  responses: { 200: json(listConversationsResponseSchema, "One page of them"), ...apiErrors },
});

const newRoute = createRoute({
  method: "post",
  path,
  summary: "Begin a conversation",
  request: { body: jsonBody(createConversationRequestSchema) },
  responses: { 201: json(conversationResponseSchema, "The new one"), ...apiErrors },
});

const readRoute = createRoute({
  method: "get",
  path: onePath,
  summary: "A conversation and its messages",
  request: { params: conversationParams },
  responses: { 200: json(conversationTreeSchema, "All of it"), ...apiErrors },
});

const updateRoute = createRoute({
  method: "patch",
  path: onePath,
  summary: "Rename a conversation or change its system prompt",
  request: { params: conversationParams, body: jsonBody(updateConversationRequestSchema) },
  responses: { 200: json(conversationResponseSchema, "After the change"), ...apiErrors },
});

const deleteRoute = createRoute({
  method: "delete",
  path: onePath,
  summary: "Delete a conversation and its messages",
  request: { params: conversationParams },
  responses: { 204: { description: "It is gone" }, ...apiErrors },
});

export function addConversations(app: App, { database, ownerId, answers }: AppDependencies): void {
  app.openapi(listRoute, async (context) =>
    context.json(await listConversations(database, ownerId, context.req.valid("query")), 200),
  );

  app.openapi(newRoute, async (context) => {
    const { title = null, systemPrompt } = context.req.valid("json");
    const settings = await readSettings(database, ownerId);
    const values = { title, systemPrompt: systemPrompt === undefined ? settings.systemPrompt : systemPrompt };
    return context.json({ conversation: await createConversation(database, ownerId, values) }, 201);
  });

  app.openapi(readRoute, async (context) => {
    const { conversationId } = context.req.valid("param");
    const conversation = await findConversation(database, ownerId, conversationId);
    if (conversation === undefined) throw notFound("a conversation", conversationId);
    const messages = await listMessages(database, ownerId, conversationId);
    return context.json({ conversation, messages: messages.map((message) => presentMessage(message, answers)) }, 200);
  });

  app.openapi(updateRoute, async (context) => {
    const { conversationId } = context.req.valid("param");
    const conversation = await updateConversation(database, ownerId, conversationId, context.req.valid("json"));
    if (conversation === undefined) throw notFound("a conversation", conversationId);
    return context.json({ conversation }, 200);
  });

  app.openapi(deleteRoute, async (context) => {
    const { conversationId } = context.req.valid("param");
    if ((await findConversation(database, ownerId, conversationId)) === undefined) {
      throw notFound("a conversation", conversationId);
    }
    await answers.stopConversation(conversationId);
    await deleteConversation(database, ownerId, conversationId);
    return context.body(null, 204);
  });
}
