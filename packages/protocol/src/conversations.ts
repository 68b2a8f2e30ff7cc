/** Conversations: what the list shows and what it can change. */
import * as z from "zod";
import { messageSchema } from "./messages.ts";
import { conversationIdSchema, textSchema, timestampSchema } from "./text.ts";

export const longestTitle = 200;
export const longestSystemPrompt = 100_000;

const titleSchema = textSchema(longestTitle, 1).refine(
  (title) => title.trim() !== "",
  "must hold something other than blanks",
);
const systemPromptSchema = textSchema(longestSystemPrompt).nullable();

export const conversationSchema = z
  .object({
    id: conversationIdSchema,
    /** First words of the first message until somebody renames it; null before there is a message. */
    title: z.string().nullable(),
    /** What the model is told before the first message; null for nothing. */
    systemPrompt: z.string().nullable(),
    createdAt: timestampSchema,
    /** When a message was last added or the conversation was renamed; the list's order. */
    updatedAt: timestampSchema,
  })
  .meta({ id: "Conversation" });
export type Conversation = z.infer<typeof conversationSchema>;

/** GET /api/conversations?limit=&cursor=; latest change first. */
export const listConversationsQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `nextCursor` of the page before. */
  cursor: z
    .string()
    .regex(/^[0-9]{1,16}\.conv_[0-9A-Za-z]{22}$/, "must be the nextCursor of a page of this list")
    .optional(),
});
export const listConversationsResponseSchema = z
  .object({ conversations: z.array(conversationSchema), nextCursor: z.string().nullable() })
  .meta({ id: "ConversationList" });
export type ListConversationsResponse = z.infer<typeof listConversationsResponseSchema>;

/** POST /api/conversations */
export const createConversationRequestSchema = z
  .strictObject({
    title: titleSchema.optional(),
    /** Absent: the one of the settings. */
    systemPrompt: systemPromptSchema.optional(),
  })
  .meta({ id: "CreateConversationRequest" });
export type CreateConversationRequest = z.infer<typeof createConversationRequestSchema>;

/** PATCH /api/conversations/:conversationId */
export const updateConversationRequestSchema = z
  .strictObject({ title: titleSchema.optional(), systemPrompt: systemPromptSchema.optional() })
  .refine((request) => Object.keys(request).length > 0, "must change something: title or systemPrompt")
  .meta({ id: "UpdateConversationRequest" });
export type UpdateConversationRequest = z.infer<typeof updateConversationRequestSchema>;

/** POST and PATCH answer with this. */
export const conversationResponseSchema = z
  .object({ conversation: conversationSchema })
  .meta({ id: "ConversationResponse" });
export type ConversationResponse = z.infer<typeof conversationResponseSchema>;

/** GET /api/conversations/:conversationId: the whole tree, in the order in which messages were added. */
export const conversationTreeSchema = z
  .object({ conversation: conversationSchema, messages: z.array(messageSchema) })
  .meta({ id: "ConversationTree" });
export type ConversationTree = z.infer<typeof conversationTreeSchema>;
