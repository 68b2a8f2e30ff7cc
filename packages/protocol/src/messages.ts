/** Messages of a conversation. They form a tree: editing and regenerating add siblings, nothing is overwritten. */
import * as z from "zod";
import { errorCodeSchema } from "./api-error.ts";
import { samplingOptionsSchema } from "./sampling.ts";
import { conversationIdSchema, messageIdSchema, textSchema, timestampSchema } from "./text.ts";

/** UTF-16 units in one part of a message. */
export const longestText = 400_000;
export const mostParts = 32;

export const textPartSchema = z
  .strictObject({ type: z.literal("text"), text: textSchema(longestText) })
  .meta({ id: "TextPart" });

/** What a message is made of. Images, files and tool calls become further members of this union. */
export const messagePartSchema = z
  .discriminatedUnion("type", [textPartSchema], { error: 'must have type "text" and a text' })
  .meta({ id: "MessagePart" });
export type MessagePart = z.infer<typeof messagePartSchema>;

export const roleSchema = z.enum(["system", "user", "assistant"]).meta({ id: "Role" });
export type Role = z.infer<typeof roleSchema>;

/**
 * - "streaming": an answer is being written; its events say how it goes on
 * - "complete": nothing will follow (`endReason` says whether the model or a limit ended it)
 * - "stopped": the user stopped it; what was written stays
 * - "failed": the engine or the server failed; `error` says how
 * - "interrupted": the server went away in the middle of it
 */
export const messageStatusSchema = z
  .enum(["streaming", "complete", "stopped", "failed", "interrupted"])
  .meta({ id: "MessageStatus" });
export type MessageStatus = z.infer<typeof messageStatusSchema>;

/**
 * - "stop": the model ended its turn, or a stop text came up
 * - "length": maxTokens were written
 * - "context": prompt and answer fill the model's context
 * - "aborted": the user stopped it
 */
export const endReasonSchema = z.enum(["stop", "length", "context", "aborted"]).meta({ id: "EndReason" });
export type EndReason = z.infer<typeof endReasonSchema>;

export const usageSchema = z
  .object({
    promptTokens: z.int().min(0),
    /** Of the prompt, so many were not read again. */
    cachedTokens: z.int().min(0),
    completionTokens: z.int().min(0),
  })
  .meta({ id: "Usage" });
export type Usage = z.infer<typeof usageSchema>;

export const messageErrorSchema = z.object({ code: errorCodeSchema, message: z.string() }).meta({ id: "MessageError" });
export type MessageError = z.infer<typeof messageErrorSchema>;

export const messageSchema = z
  .object({
    id: messageIdSchema,
    conversationId: conversationIdSchema,
    /** null for a first message; several first messages are branches too. */
    parentId: messageIdSchema.nullable(),
    role: roleSchema,
    parts: z.array(messagePartSchema),
    createdAt: timestampSchema,
    status: messageStatusSchema,
    /** Name of the model that wrote it; null for what people wrote. */
    model: z.string().nullable(),
    endReason: endReasonSchema.nullable(),
    usage: usageSchema.nullable(),
    /** Speed of the answer alone, without reading the prompt. */
    tokensPerSecond: z.number().min(0).nullable(),
    error: messageErrorSchema.nullable(),
  })
  .meta({ id: "Message" });
export type Message = z.infer<typeof messageSchema>;

/**
 * A request that may be repeated: the second one with the same `requestId` gives the first one's messages and
 * starts nothing. Choose it at random per click, so that a lost network can be answered by sending again.
 */
const requestIdSchema = z.string().regex(/^[0-9A-Za-z_-]{8,64}$/, "must be 8 to 64 letters, digits, - or _");

/** POST /api/conversations/:conversationId/messages */
export const sendMessageRequestSchema = z
  .strictObject({
    /** The message that is answered; null begins the conversation. An edited message has the original's parent. */
    parentId: messageIdSchema.nullable(),
    parts: z.array(messagePartSchema).min(1).max(mostParts),
    /** For this answer; what is absent comes from the settings. */
    options: samplingOptionsSchema.optional(),
    requestId: requestIdSchema.optional(),
  })
  .refine(({ parts }) => parts.some(({ text }) => text.trim() !== ""), {
    path: ["parts"],
    message: "must hold something other than blanks",
  })
  .meta({ id: "SendMessageRequest" });
export type SendMessageRequest = z.infer<typeof sendMessageRequestSchema>;

/** Answer to a sent message: both new rows. The answer's text comes through its events. */
export const sendMessageResponseSchema = z
  .object({ userMessage: messageSchema, answer: messageSchema })
  .meta({ id: "SendMessageResponse" });
export type SendMessageResponse = z.infer<typeof sendMessageResponseSchema>;

/**
 * POST /api/conversations/:conversationId/messages/:messageId/regenerate
 *
 * On an answer: another one beside it. On a user's message: another answer to it.
 */
export const regenerateRequestSchema = z
  .strictObject({ options: samplingOptionsSchema.optional(), requestId: requestIdSchema.optional() })
  .meta({ id: "RegenerateRequest" });
export type RegenerateRequest = z.infer<typeof regenerateRequestSchema>;

export const regenerateResponseSchema = z.object({ answer: messageSchema }).meta({ id: "RegenerateResponse" });
export type RegenerateResponse = z.infer<typeof regenerateResponseSchema>;

/** POST /api/conversations/:conversationId/messages/:messageId/stop; stopping what has ended changes nothing. */
export const stopResponseSchema = z.object({ message: messageSchema }).meta({ id: "StopResponse" });
export type StopResponse = z.infer<typeof stopResponseSchema>;
