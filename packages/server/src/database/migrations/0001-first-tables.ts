/** Owners, conversations, messages as a tree, settings. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("owners")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("conversations")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("owner_id", "text", (column) => column.notNull().references("owners.id").onDelete("cascade"))
    .addColumn("title", "text")
    .addColumn("system_prompt", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("conversations_by_change")
    .on("conversations")
    .columns(["owner_id", "updated_at", "id"])
    .execute();

  await db.schema
    .createTable("messages")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("owner_id", "text", (column) => column.notNull().references("owners.id").onDelete("cascade"))
    .addColumn("conversation_id", "text", (column) =>
      column.notNull().references("conversations.id").onDelete("cascade"),
    )
    .addColumn("parent_id", "text")
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("parts", "text", (column) => column.notNull())
    .addColumn("status", "text", (column) => column.notNull())
    .addColumn("model", "text")
    .addColumn("end_reason", "text")
    .addColumn("prompt_tokens", "integer")
    .addColumn("cached_tokens", "integer")
    .addColumn("completion_tokens", "integer")
    .addColumn("tokens_per_second", "double precision")
    .addColumn("error_code", "text")
    .addColumn("error_message", "text")
    .addColumn("request_id", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addUniqueConstraint("messages_in_order", ["conversation_id", "position"])
    .addUniqueConstraint("messages_of_conversation", ["conversation_id", "id"])
    .addUniqueConstraint("messages_by_request", ["owner_id", "request_id"])
    // Both columns, so that no message can hang from one of another conversation.
    .addForeignKeyConstraint(
      "messages_parent",
      ["conversation_id", "parent_id"],
      "messages",
      ["conversation_id", "id"],
      (constraint) => constraint.onDelete("cascade"),
    )
    .execute();
  // Deleting and the look at the start for answers that were cut would otherwise read the whole table.
  await db.schema.createIndex("messages_by_parent").on("messages").columns(["conversation_id", "parent_id"]).execute();
  await db.schema.createIndex("messages_by_status").on("messages").column("status").execute();

  await db.schema
    .createTable("settings")
    .addColumn("owner_id", "text", (column) => column.notNull().references("owners.id").onDelete("cascade"))
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("settings_key", ["owner_id", "name"])
    .execute();
}
