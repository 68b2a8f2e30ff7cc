/** The three things a person does to a conversation: say something, ask for another answer, stop one. */
import type { Message, RegenerateRequest, SendMessageRequest, SendMessageResponse } from "@myna/protocol";
import { type Appended, appendAnswer, appendExchange } from "../database/append-messages.ts";
import { findConversation } from "../database/conversations.ts";
import { findMessage, listPath } from "../database/messages.ts";
import { readSettings } from "../database/settings.ts";
import { notFound, RequestError } from "../errors.ts";
import type { AppDependencies } from "../http/environment.ts";
import { createId } from "../ids.ts";
import { presentMessage } from "./present-message.ts";
import { buildPrompt, mergeOptions, textOf } from "./prompt.ts";
import type { RunningAnswer } from "./running-answer.ts";
import { makeTitle } from "./title.ts";

type Dependencies = Pick<AppDependencies, "answers" | "database" | "engine" | "ownerId">;

/** @throws {RequestError} for an unknown conversation or parent, or a parent that cannot be answered */
export async function sendMessage(
  dependencies: Dependencies,
  conversationId: string,
  request: SendMessageRequest,
): Promise<SendMessageResponse> {
  const { database, ownerId, engine, answers } = dependencies;
  const { parentId, parts, requestId } = request;
  if (parentId !== null) requireAnswered(await requireMessage(dependencies, conversationId, parentId));
  const sent = await withPlace(dependencies, conversationId, request.options, (running) =>
    appendExchange(database, ownerId, conversationId, {
      parentId,
      parts,
      requestId,
      title: makeTitle(textOf(parts)),
      answer: { id: running.messageId, model: engine.model.id },
    }),
  );
  return { userMessage: sent.userMessage, answer: presentMessage(sent.answer, answers) };
}

/** @throws {RequestError} for an unknown message, or one that is neither an answer nor a user's */
export async function regenerate(
  dependencies: Dependencies,
  conversationId: string,
  messageId: string,
  { options, requestId }: RegenerateRequest,
): Promise<Message> {
  const { database, ownerId, engine, answers } = dependencies;
  const message = await requireMessage(dependencies, conversationId, messageId);
  const parentId = message.role === "assistant" ? message.parentId : message.role === "user" ? message.id : null;
  if (parentId === null) {
    throw new RequestError("invalid_request", {
      where: "messageId",
      found: `a message of role ${message.role} that answers nothing`,
      expected: "an answer, or a user's message",
      fix: "regenerate another message",
    });
  }
  const { answer } = await withPlace(dependencies, conversationId, options, (running) =>
    appendAnswer(database, ownerId, conversationId, {
      parentId,
      requestId,
      answer: { id: running.messageId, model: engine.model.id },
    }),
  );
  return presentMessage(answer, answers);
}

/** The message after it has stopped; one that has ended stays as it is. */
export async function stopAnswer(
  dependencies: Dependencies,
  conversationId: string,
  messageId: string,
): Promise<Message> {
  await requireMessage(dependencies, conversationId, messageId);
  await dependencies.answers.stop(messageId);
  return presentMessage(await requireMessage(dependencies, conversationId, messageId), dependencies.answers);
}

export async function requireMessage(
  { database, ownerId }: Pick<Dependencies, "database" | "ownerId">,
  conversationId: string,
  messageId: string,
): Promise<Message> {
  const message = await findMessage(database, ownerId, conversationId, messageId);
  if (message === undefined) throw notFound("a message", messageId);
  return message;
}

/**
 * Claims a place among the running answers, writes the rows, and starts the answer; gives the place back when the
 * rows were not written or were there before.
 */
async function withPlace<Result extends Appended>(
  { database, ownerId, answers }: Dependencies,
  conversationId: string,
  options: SendMessageRequest["options"],
  append: (running: RunningAnswer) => Promise<Result>,
): Promise<Result> {
  const running = answers.reserve(createId("msg"), conversationId);
  let isStarted = false;
  try {
    const appended = await append(running);
    if (!appended.isNew) return appended;
    const [conversation, path, settings] = await Promise.all([
      findConversation(database, ownerId, conversationId),
      listPath(database, ownerId, conversationId, appended.answer.id),
      readSettings(database, ownerId),
    ]);
    const prompt = buildPrompt(conversation?.systemPrompt ?? null, path.slice(0, -1));
    answers.run(running, ownerId, prompt, mergeOptions(settings.options, options));
    isStarted = true;
    return appended;
  } finally {
    if (!isStarted) answers.cancel(running);
  }
}

function requireAnswered(parent: Message): void {
  if (parent.role === "user") {
    throw new RequestError("invalid_request", {
      where: "parentId",
      found: "a user's message",
      expected: "an answer, or null for a first message",
      fix: "send the answer's id; to edit a message, send the id of the message before it",
    });
  }
  if (parent.status !== "streaming") return;
  throw new RequestError("conflict", {
    where: "parentId",
    found: "an answer that is still being written",
    expected: "one that has ended",
    fix: "wait for its end, or stop it first",
  });
}
