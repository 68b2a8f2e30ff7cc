/** Reading messages: whole trees, single ones, and the path that an answer's prompt is made of. */
import type { Message, MessagePart, Usage } from "@myna/protocol";
import type { Selectable } from "kysely";
import type { Database, MessagesTable } from "./tables.ts";

export function toMessage(row: Selectable<MessagesTable>): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    parentId: row.parent_id,
    role: row.role,
    parts: JSON.parse(row.parts) as MessagePart[],
    createdAt: Number(row.created_at),
    status: row.status,
    model: row.model,
    endReason: row.end_reason,
    usage: toUsage(row),
    tokensPerSecond: row.tokens_per_second,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
  };
}

function toUsage(row: Selectable<MessagesTable>): Usage | null {
  if (row.prompt_tokens === null || row.completion_tokens === null) return null;
  return {
    promptTokens: row.prompt_tokens,
    cachedTokens: row.cached_tokens ?? 0,
    completionTokens: row.completion_tokens,
  };
}

/** All messages of a conversation, in the order in which they were appended. */
export async function listMessages(database: Database, ownerId: string, conversationId: string): Promise<Message[]> {
  const rows = await database
    .selectFrom("messages")
    .selectAll()
    .where("owner_id", "=", ownerId)
    .where("conversation_id", "=", conversationId)
    .orderBy("position")
    .execute();
  return rows.map(toMessage);
}

export async function findMessage(
  database: Database,
  ownerId: string,
  conversationId: string,
  id: string,
): Promise<Message | undefined> {
  const row = await database
    .selectFrom("messages")
    .selectAll()
    .where("owner_id", "=", ownerId)
    .where("conversation_id", "=", conversationId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : toMessage(row);
}

/** The messages from the first one down to `id`, both included; empty if there is no such message. */
export async function listPath(
  database: Database,
  ownerId: string,
  conversationId: string,
  id: string,
): Promise<Message[]> {
  const rows = await database
    .withRecursive("path(id, parent_id)", (query) =>
      query
        .selectFrom("messages")
        .select(["id", "parent_id"])
        .where("owner_id", "=", ownerId)
        .where("conversation_id", "=", conversationId)
        .where("id", "=", id)
        .unionAll((union) =>
          union
            .selectFrom("messages")
            .innerJoin("path", "path.parent_id", "messages.id")
            .select(["messages.id", "messages.parent_id"]),
        ),
    )
    .selectFrom("messages")
    .innerJoin("path", "path.id", "messages.id")
    .selectAll("messages")
    .where("messages.owner_id", "=", ownerId)
    .orderBy("messages.position")
    .execute();
  return rows.map(toMessage);
}
