// What travels between the page and the server in a conversation. The schemas are @myna/protocol's; only their types come into
// the page, for the server that sends these events was built from the same sources.

import type { ChatEvent, Message } from "@myna/protocol";

export type {
  ChatEvent,
  Conversation,
  ConversationTree,
  EndReason,
  Message,
  RegenerateRequest,
  RegenerateResponse,
  SendMessageRequest,
  SendMessageResponse,
  StopResponse,
} from "@myna/protocol";

const eventTypes: Record<ChatEvent["type"], true> = {
  "message-start": true,
  queued: true,
  progress: true,
  "text-delta": true,
  "message-end": true,
  error: true,
};

/** The event in a line of data, or undefined for one that this page does not know: a newer server may send more kinds. */
export function readChatEvent(data: string): ChatEvent | undefined {
  const value: unknown = JSON.parse(data);
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  return typeof value.type === "string" && Object.hasOwn(eventTypes, value.type) ? (value as ChatEvent) : undefined;
}

/** The words of a message, its parts joined. */
export function textOf(message: Message): string {
  return message.parts.map((part) => part.text).join("\n\n");
}

/** The same for every attempt of one click, so that sending again after a lost answer starts nothing twice. */
export function newRequestId(): string {
  return crypto
    .getRandomValues(new Uint32Array(4))
    .reduce((id, number) => id + number.toString(36).padStart(7, "0"), "");
}
