/** A message as it stands now, from its row and what is in memory. */
import type { Message } from "@myna/protocol";
import type { AnswerRunner } from "./answer-runner.ts";

/** A row that says "streaming" while nobody writes it could not be finished (a full disk): it was cut. */
export function presentMessage(message: Message, answers: Pick<AnswerRunner, "find">): Message {
  if (message.status !== "streaming") return message;
  const running = answers.find(message.id);
  return running === undefined ? { ...message, status: "interrupted" } : running.overlay(message);
}
