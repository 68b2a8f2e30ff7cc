/** Pieces of route descriptions, so that each route says only what is its own. */
import { apiErrorSchema, conversationIdSchema, messageIdSchema, openAiErrorSchema } from "@myna/protocol";
import * as z from "zod";

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}

export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { "application/json": { schema } } } as const;
}

/** Any error under /api. */
export const apiErrors = { default: json(apiErrorSchema, "An error, with what was found, expected and how to fix it") };

/** Any error under /v1. */
export const openAiErrors = { default: json(openAiErrorSchema, "An error in OpenAI's form") };

export const conversationParams = z.strictObject({ conversationId: conversationIdSchema });
export const messageParams = conversationParams.extend({ messageId: messageIdSchema });
