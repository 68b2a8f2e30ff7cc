/**
 * The events of one answer: GET /api/conversations/:conversationId/messages/:messageId/events, server-sent events
 * with one JSON object each as `data`.
 *
 * Fresh and resumed streams look the same to the reader. "text-delta" says where its text begins, so applying one
 * is `text = text.slice(0, offset) + delta`, and applying it twice changes nothing. The SSE id of a delta is the length of the
 * text after it; a reader that comes back with it (`Last-Event-ID`, or `?after=`) gets the text from there on, out of
 * memory while the answer runs and out of the database afterwards. If the server lost some text in a crash, the
 * first delta begins at 0. Lengths and offsets count UTF-16 units.
 */
import * as z from "zod";
import { errorCodeSchema } from "./api-error.ts";
import { endReasonSchema, messageStatusSchema, usageSchema } from "./messages.ts";
import { conversationIdSchema, messageIdSchema, timestampSchema } from "./text.ts";

/** Always the first event, of resumed streams too. */
export const messageStartSchema = z.object({
  type: z.literal("message-start"),
  messageId: messageIdSchema,
  conversationId: conversationIdSchema,
  parentId: messageIdSchema.nullable(),
  model: z.string().nullable(),
  createdAt: timestampSchema,
});

/** So many requests will be answered first; 0 when it is this one's turn. */
export const queuedSchema = z.object({
  type: z.literal("queued"),
  messageId: messageIdSchema,
  ahead: z.int().min(0),
});

/** The prompt is being read. `promptTokensRead` counts cached tokens too. */
export const progressSchema = z.object({
  type: z.literal("progress"),
  messageId: messageIdSchema,
  promptTokensRead: z.int().min(0),
  promptTokens: z.int().min(0),
});

export const textDeltaSchema = z.object({
  type: z.literal("text-delta"),
  messageId: messageIdSchema,
  /** Place of `text` in the answer. */
  offset: z.int().min(0),
  text: z.string(),
});

/** The last event of an answer that did not fail. */
export const messageEndSchema = z.object({
  type: z.literal("message-end"),
  messageId: messageIdSchema,
  status: messageStatusSchema.exclude(["streaming", "failed"]),
  /** null when the server went away before the end (status "interrupted"). */
  reason: endReasonSchema.nullable(),
  usage: usageSchema.nullable(),
  tokensPerSecond: z.number().min(0).nullable(),
});

/** The last event of an answer that failed; the text before it stays. */
export const errorEventSchema = z.object({
  type: z.literal("error"),
  messageId: messageIdSchema,
  code: errorCodeSchema,
  message: z.string(),
});

export const chatEventSchema = z
  .discriminatedUnion("type", [
    messageStartSchema,
    queuedSchema,
    progressSchema,
    textDeltaSchema,
    messageEndSchema,
    errorEventSchema,
  ])
  .meta({ id: "ChatEvent" });
export type ChatEvent = z.infer<typeof chatEventSchema>;

/** SSE id of the last event; a reader that comes back with it gets 204 and stops asking. */
export const endEventId = "end";

/** ?after= for readers that cannot set headers; `Last-Event-ID` counts more. */
export const eventsQuerySchema = z.strictObject({
  after: z
    .string()
    .regex(/^([0-9]{1,9}|end)$/, "must be the id of an event")
    .optional(),
});
