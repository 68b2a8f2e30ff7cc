// What the page knows of one conversation, and how everything that happens changes it. Events of a fresh answer, of a resumed
// one and of one read in a second tab come through here alike. Pure: no network, no clock.

import type { FailureCode } from "../api/api.ts";
import type { ChatEvent, Conversation, ConversationTree, Message } from "./wire.ts";
import { textOf } from "./wire.ts";

/** How far an answer is, beyond what its message says. */
export interface LiveAnswer {
  phase: "waiting" | "queued" | "reading" | "writing";
  /** Requests before this one, while queued. */
  ahead: number;
  promptTokensRead: number;
  promptTokens: number;
  isConnected: boolean;
}

/** A message on its way to the server. */
export interface PendingMessage {
  requestId: string;
  parentId: string | null;
  text: string;
  /** Why it did not arrive; it can be sent again. */
  failure: Failure | undefined;
}

export interface Failure {
  code: FailureCode;
  message: string;
}

export interface ConversationState {
  loading: "loading" | "ready" | "missing" | "failed";
  conversation: Conversation | undefined;
  /** Every message of the tree by its id, in the order in which they were added. */
  messages: Readonly<Record<string, Message>>;
  /** Which child is shown below a message (or "" for the first ones); without an entry, the latest. */
  chosen: Readonly<Record<string, string>>;
  /** Only answers that are being written. */
  live: Readonly<Record<string, LiveAnswer>>;
  pending: PendingMessage | undefined;
}

export type ConversationAction =
  | ChatEvent
  | { type: "loaded"; tree: ConversationTree }
  | { type: "load-failed"; isMissing: boolean }
  | { type: "sending"; pending: PendingMessage }
  | { type: "send-failed"; requestId: string; failure: Failure }
  | { type: "send-abandoned" }
  | { type: "added"; messages: Message[] }
  | { type: "replaced"; message: Message }
  | { type: "connection"; messageId: string; isConnected: boolean }
  | { type: "chosen"; messageId: string };

export const emptyConversation: ConversationState = {
  loading: "loading",
  conversation: undefined,
  messages: {},
  chosen: {},
  live: {},
  pending: undefined,
};

const waiting: LiveAnswer = { phase: "waiting", ahead: 0, promptTokensRead: 0, promptTokens: 0, isConnected: true };

export function reduceConversation(state: ConversationState, action: ConversationAction): ConversationState {
  switch (action.type) {
    case "loaded":
      return load(state, action.tree);
    case "load-failed":
      // A conversation that is on the screen stays there when refreshing it fails.
      return state.loading === "ready" ? state : { ...state, loading: action.isMissing ? "missing" : "failed" };
    case "sending":
      return { ...state, pending: action.pending };
    case "send-failed":
      return state.pending?.requestId === action.requestId
        ? { ...state, pending: { ...state.pending, failure: action.failure } }
        : state;
    case "send-abandoned":
      return { ...state, pending: undefined };
    case "added":
      return action.messages.reduce<ConversationState>((next, message) => choose(putMessage(next, message), message), {
        ...state,
        loading: "ready",
        pending: undefined,
      });
    case "replaced":
      return putMessage(state, action.message);
    case "connection":
      return updateLive(state, action.messageId, { isConnected: action.isConnected });
    case "chosen": {
      const message = state.messages[action.messageId];
      return message === undefined ? state : choose(state, message);
    }
    default:
      return applyEvent(state, action);
  }
}

function load(state: ConversationState, { conversation, messages }: ConversationTree): ConversationState {
  const loaded: ConversationState = {
    ...state,
    loading: "ready",
    conversation,
    messages: Object.fromEntries(messages.map((message) => [message.id, keepLongerText(state, message)])),
    live: {},
  };
  const streaming = messages.filter(({ status }) => status === "streaming");
  return {
    ...loaded,
    live: Object.fromEntries(streaming.map(({ id }) => [id, state.live[id] ?? waiting])),
  };
}

/** The database may be some words behind the stream that is being read. */
function keepLongerText(state: ConversationState, message: Message): Message {
  const known = state.messages[message.id];
  if (message.status !== "streaming" || known === undefined) return message;
  return textOf(known).startsWith(textOf(message)) ? { ...message, parts: known.parts } : message;
}

function putMessage(state: ConversationState, message: Message): ConversationState {
  const { [message.id]: previous, ...others } = state.live;
  return {
    ...state,
    messages: { ...state.messages, [message.id]: keepLongerText(state, message) },
    live: message.status === "streaming" ? { ...others, [message.id]: previous ?? waiting } : others,
  };
}

function choose(state: ConversationState, message: Message): ConversationState {
  return { ...state, chosen: { ...state.chosen, [message.parentId ?? ""]: message.id } };
}

function updateLive(state: ConversationState, messageId: string, change: Partial<LiveAnswer>): ConversationState {
  const live = state.live[messageId];
  return live === undefined ? state : { ...state, live: { ...state.live, [messageId]: { ...live, ...change } } };
}

const isWriting = (state: ConversationState, messageId: string) => state.live[messageId]?.phase === "writing";

/** Events of an answer that has ended, or that this conversation does not have, change nothing. */
function applyEvent(state: ConversationState, event: ChatEvent): ConversationState {
  const message = state.messages[event.messageId];
  if (message === undefined || message.status !== "streaming") return state;
  switch (event.type) {
    case "message-start":
      return updateLive(state, message.id, { isConnected: true });
    case "queued":
      if (isWriting(state, message.id)) return state;
      return updateLive(state, message.id, { phase: event.ahead > 0 ? "queued" : "waiting", ahead: event.ahead });
    case "progress":
      if (isWriting(state, message.id)) return state;
      return updateLive(state, message.id, {
        phase: "reading",
        promptTokensRead: event.promptTokensRead,
        promptTokens: event.promptTokens,
      });
    case "text-delta": {
      const text = applyDelta(textOf(message), event.offset, event.text);
      return updateLive(putMessage(state, { ...message, parts: [{ type: "text", text }] }), message.id, {
        phase: "writing",
      });
    }
    case "message-end":
      return putMessage(state, {
        ...message,
        status: event.status,
        endReason: event.reason,
        usage: event.usage,
        tokensPerSecond: event.tokensPerSecond,
      });
    case "error":
      return putMessage(state, { ...message, status: "failed", error: { code: event.code, message: event.message } });
  }
}

/**
 * Puts a piece in its place. One that is known already changes nothing, even if it arrives again much later; one that leaves a gap
 * is left out, for the stream will be asked for again from the known length.
 *
 * applyDelta("Hel", 2, "llo") = "Hello"; applyDelta("Hello", 0, "He") = "Hello"; applyDelta("H", 3, "lo") = "H"
 */
export function applyDelta(known: string, offset: number, text: string): string {
  if (offset > known.length || known.startsWith(text, offset)) return known;
  return known.slice(0, offset) + text;
}
