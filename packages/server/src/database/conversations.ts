/** Queries on conversations. Each takes the owner and sees nothing of others'. */
import type { Conversation } from "@myna/protocol";
import type { Selectable } from "kysely";
import { createId } from "../ids.ts";
import type { ConversationsTable, Database } from "./tables.ts";

function toConversation(row: Selectable<ConversationsTable>): Conversation {
  return {
    id: row.id,
    title: row.title,
    systemPrompt: row.system_prompt,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  };
}

export async function createConversation(
  database: Database,
  ownerId: string,
  values: { title: string | null; systemPrompt: string | null },
  now = Date.now(),
): Promise<Conversation> {
  const row = {
    id: createId("conv"),
    owner_id: ownerId,
    title: values.title,
    system_prompt: values.systemPrompt,
    created_at: now,
    updated_at: now,
  };
  await database.insertInto("conversations").values(row).execute();
  return toConversation(row);
}

export async function findConversation(
  database: Database,
  ownerId: string,
  id: string,
): Promise<Conversation | undefined> {
  const row = await database
    .selectFrom("conversations")
    .selectAll()
    .where("owner_id", "=", ownerId)
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : toConversation(row);
}

/**
 * Latest change first.
 *
 * @param cursor `nextCursor` of the page before: "updatedAt.id" of its last conversation
 */
export async function listConversations(
  database: Database,
  ownerId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ conversations: Conversation[]; nextCursor: string | null }> {
  let query = database
    .selectFrom("conversations")
    .selectAll()
    .where("owner_id", "=", ownerId)
    .orderBy("updated_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (cursor !== undefined) {
    const [updatedAt = "", id = ""] = cursor.split(".");
    query = query.where((where) =>
      where.or([
        where("updated_at", "<", Number(updatedAt)),
        where.and([where("updated_at", "=", Number(updatedAt)), where("id", "<", id)]),
      ]),
    );
  }
  const rows = await query.execute();
  const conversations = rows.slice(0, limit).map(toConversation);
  const last = rows.length > limit ? conversations.at(-1) : undefined;
  return { conversations, nextCursor: last === undefined ? null : `${last.updatedAt}.${last.id}` };
}

/** The conversation after the change, or undefined if there is none. */
export async function updateConversation(
  database: Database,
  ownerId: string,
  id: string,
  changes: { title?: string | undefined; systemPrompt?: string | null | undefined },
  now = Date.now(),
): Promise<Conversation | undefined> {
  const row = await database
    .updateTable("conversations")
    .set({
      updated_at: now,
      ...(changes.title === undefined ? {} : { title: changes.title }),
      ...(changes.systemPrompt === undefined ? {} : { system_prompt: changes.systemPrompt }),
    })
    .where("owner_id", "=", ownerId)
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toConversation(row);
}

/** With all its messages. False if there is none. */
export async function deleteConversation(database: Database, ownerId: string, id: string): Promise<boolean> {
  const rows = await database
    .deleteFrom("conversations")
    .where("owner_id", "=", ownerId)
    .where("id", "=", id)
    .returning("id")
    .execute();
  return rows.length > 0;
}
