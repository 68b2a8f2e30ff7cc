/** The tables as Kysely sees them. Every row belongs to an owner, and every query filters by it. */
import type { EndReason, ErrorCode, MessageStatus, Role } from "@myna/protocol";
import type { Kysely } from "kysely";

export interface OwnersTable {
  id: string;
  name: string;
  /** Milliseconds since 1970, as all times here. */
  created_at: number;
}

export interface ConversationsTable {
  id: string;
  owner_id: string;
  title: string | null;
  system_prompt: string | null;
  created_at: number;
  updated_at: number;
}

export interface MessagesTable {
  id: string;
  owner_id: string;
  conversation_id: string;
  /** In the same conversation; null for a first message. */
  parent_id: string | null;
  /** Order of appending within the conversation, from 0: a clock may jump, this does not. */
  position: number;
  role: Role;
  /** JSON: MessagePart[] of the protocol. */
  parts: string;
  status: MessageStatus;
  model: string | null;
  end_reason: EndReason | null;
  prompt_tokens: number | null;
  cached_tokens: number | null;
  completion_tokens: number | null;
  tokens_per_second: number | null;
  error_code: ErrorCode | null;
  error_message: string | null;
  /** Chosen by the client; a repeated request finds the rows that the first one made. */
  request_id: string | null;
  created_at: number;
}

export interface SettingsTable {
  owner_id: string;
  name: string;
  /** JSON. */
  value: string;
}

export interface Tables {
  owners: OwnersTable;
  conversations: ConversationsTable;
  messages: MessagesTable;
  settings: SettingsTable;
}

export type Database = Kysely<Tables>;
