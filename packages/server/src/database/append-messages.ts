/**
 * Writing messages. Rows are appended before an answer is generated and finalised once, so that a crash leaves a row
 * that says it was cut, never a lost or a doubled one.
 */
import type { EndReason, Message, MessageError, MessagePart, MessageStatus, Usage } from "@myna/protocol";
import type { Insertable, Transaction } from "kysely";
import { notFound, RequestError } from "../errors.ts";
import { createId } from "../ids.ts";
import { toMessage } from "./messages.ts";
import type { Database, MessagesTable, Tables } from "./tables.ts";

interface NewAnswer {
  /** Chosen beforehand, so that whoever generates it can be found from the moment the row is seen. */
  readonly id: string;
  readonly model: string;
}

export interface Appended {
  readonly answer: Message;
  /** False when the request was a repetition: these rows were there before. */
  readonly isNew: boolean;
}

/**
 * A user's message and the empty answer to it, in one transaction.
 *
 * @param request.title given to the conversation if it has none
 * @throws {RequestError} for an unknown conversation or parent, or a requestId used for something else
 */
export function appendExchange(
  database: Database,
  ownerId: string,
  conversationId: string,
  request: {
    parentId: string | null;
    parts: readonly MessagePart[];
    requestId: string | undefined;
    title: string | null;
    answer: NewAnswer;
  },
  now = Date.now(),
): Promise<Appended & { readonly userMessage: Message }> {
  return database.transaction().execute(async (trx) => {
    const position = await claimPosition(trx, ownerId, conversationId, request.title, now);
    const earlier = await findByRequest(trx, ownerId, conversationId, request.requestId);
    if (earlier !== undefined) {
      const answer = await findFirstAnswer(trx, ownerId, earlier);
      if (earlier.role !== "user" || answer === undefined) throw usedRequestId(request.requestId);
      return { userMessage: earlier, answer, isNew: false };
    }
    if (request.parentId !== null) await requireMessage(trx, ownerId, conversationId, request.parentId);
    const userMessage = await insertMessage(trx, {
      ...blankRow(ownerId, conversationId, position, now),
      id: createId("msg"),
      parent_id: request.parentId,
      role: "user",
      parts: JSON.stringify(request.parts),
      status: "complete",
      request_id: request.requestId ?? null,
    });
    const answer = await insertMessage(trx, {
      ...blankRow(ownerId, conversationId, position + 1, now),
      id: request.answer.id,
      parent_id: userMessage.id,
      model: request.answer.model,
    });
    return { userMessage, answer, isNew: true };
  });
}

/**
 * Another empty answer to a user's message.
 *
 * @throws {RequestError} for an unknown conversation or parent, or a requestId used for something else
 */
export function appendAnswer(
  database: Database,
  ownerId: string,
  conversationId: string,
  request: { parentId: string; requestId: string | undefined; answer: NewAnswer },
  now = Date.now(),
): Promise<Appended> {
  return database.transaction().execute(async (trx) => {
    const position = await claimPosition(trx, ownerId, conversationId, null, now);
    const earlier = await findByRequest(trx, ownerId, conversationId, request.requestId);
    if (earlier !== undefined) {
      if (earlier.parentId !== request.parentId) throw usedRequestId(request.requestId);
      return { answer: earlier, isNew: false };
    }
    await requireMessage(trx, ownerId, conversationId, request.parentId);
    const answer = await insertMessage(trx, {
      ...blankRow(ownerId, conversationId, position, now),
      id: request.answer.id,
      parent_id: request.parentId,
      model: request.answer.model,
      request_id: request.requestId ?? null,
    });
    return { answer, isNew: true };
  });
}

/** Text of an answer so far; does nothing once it has ended. */
export async function saveProgress(
  database: Database,
  ownerId: string,
  id: string,
  parts: readonly MessagePart[],
): Promise<void> {
  await database
    .updateTable("messages")
    .set({ parts: JSON.stringify(parts) })
    .where("owner_id", "=", ownerId)
    .where("id", "=", id)
    .where("status", "=", "streaming")
    .execute();
}

export interface AnswerResult {
  readonly parts: readonly MessagePart[];
  readonly status: Exclude<MessageStatus, "streaming">;
  readonly endReason: EndReason | null;
  readonly usage: Usage | null;
  readonly tokensPerSecond: number | null;
  readonly error: MessageError | null;
}

/** Ends an answer, once: the first result stays. */
export async function finishAnswer(
  database: Database,
  ownerId: string,
  id: string,
  result: AnswerResult,
): Promise<void> {
  await database
    .updateTable("messages")
    .set({
      parts: JSON.stringify(result.parts),
      status: result.status,
      end_reason: result.endReason,
      prompt_tokens: result.usage?.promptTokens ?? null,
      cached_tokens: result.usage?.cachedTokens ?? null,
      completion_tokens: result.usage?.completionTokens ?? null,
      tokens_per_second: result.tokensPerSecond,
      error_code: result.error?.code ?? null,
      error_message: result.error?.message ?? null,
    })
    .where("owner_id", "=", ownerId)
    .where("id", "=", id)
    .where("status", "=", "streaming")
    .execute();
}

/** At the start, before anything is answered: what still says "streaming" was cut by a crash. */
export async function markInterrupted(database: Database): Promise<number> {
  const rows = await database
    .updateTable("messages")
    .set({ status: "interrupted" })
    .where("status", "=", "streaming")
    .returning("id")
    .execute();
  return rows.length;
}

type Writer = Transaction<Tables>;

/** Touches the conversation first: on a server database that is the lock under which positions are given out. */
async function claimPosition(
  trx: Writer,
  ownerId: string,
  conversationId: string,
  title: string | null,
  now: number,
): Promise<number> {
  const conversation = await trx
    .updateTable("conversations")
    .set((value) => ({ updated_at: now, title: value.fn.coalesce("title", value.val(title)) }))
    .where("owner_id", "=", ownerId)
    .where("id", "=", conversationId)
    .returning("id")
    .executeTakeFirst();
  if (conversation === undefined) throw notFound("a conversation", conversationId);
  const { last } = await trx
    .selectFrom("messages")
    .select((value) => value.fn.max("position").as("last"))
    .where("owner_id", "=", ownerId)
    .where("conversation_id", "=", conversationId)
    .executeTakeFirstOrThrow();
  return last === null ? 0 : Number(last) + 1;
}

async function findByRequest(
  trx: Writer,
  ownerId: string,
  conversationId: string,
  requestId: string | undefined,
): Promise<Message | undefined> {
  if (requestId === undefined) return undefined;
  const row = await trx
    .selectFrom("messages")
    .selectAll()
    .where("owner_id", "=", ownerId)
    .where("request_id", "=", requestId)
    .executeTakeFirst();
  if (row !== undefined && row.conversation_id !== conversationId) throw usedRequestId(requestId);
  return row === undefined ? undefined : toMessage(row);
}

async function findFirstAnswer(trx: Writer, ownerId: string, message: Message): Promise<Message | undefined> {
  const row = await trx
    .selectFrom("messages")
    .selectAll()
    .where("owner_id", "=", ownerId)
    .where("conversation_id", "=", message.conversationId)
    .where("parent_id", "=", message.id)
    .orderBy("position")
    .executeTakeFirst();
  return row === undefined ? undefined : toMessage(row);
}

async function requireMessage(trx: Writer, ownerId: string, conversationId: string, id: string): Promise<void> {
  const row = await trx
    .selectFrom("messages")
    .select("id")
    .where("owner_id", "=", ownerId)
    .where("conversation_id", "=", conversationId)
    .where("id", "=", id)
    .executeTakeFirst();
  if (row === undefined) throw notFound("a message", id);
}

function blankRow(ownerId: string, conversationId: string, position: number, now: number) {
  return {
    owner_id: ownerId,
    conversation_id: conversationId,
    position,
    role: "assistant",
    parts: "[]",
    status: "streaming",
    created_at: now,
  } as const;
}

async function insertMessage(trx: Writer, row: Insertable<MessagesTable>): Promise<Message> {
  return toMessage(await trx.insertInto("messages").values(row).returningAll().executeTakeFirstOrThrow());
}

function usedRequestId(requestId: string | undefined): RequestError {
  return new RequestError("conflict", {
    where: "requestId",
    found: `${JSON.stringify(requestId)}, which belongs to another request`,
    expected: "a new one for each message",
    fix: "choose one at random per click, and repeat it only with the same request",
  });
}
