// Carries a conversation: requests to the server, and the events of an answer until its end through every lost connection.

import { ApiFailure, request, requestJson } from "../api/api.ts";
import { createEventParser } from "./server-sent-events.ts";
import {
  type ChatEvent,
  type ConversationTree,
  type RegenerateRequest,
  type RegenerateResponse,
  readChatEvent,
  type SendMessageRequest,
  type SendMessageResponse,
  type StopResponse,
} from "./wire.ts";

const pathOf = (conversationId: string) => `/api/conversations/${encodeURIComponent(conversationId)}`;
const messagePath = (conversationId: string, messageId: string) =>
  `${pathOf(conversationId)}/messages/${encodeURIComponent(messageId)}`;

export interface Transport {
  load: (conversationId: string) => Promise<ConversationTree>;
  send: (conversationId: string, message: SendMessageRequest) => Promise<SendMessageResponse>;
  regenerate: (conversationId: string, messageId: string, body: RegenerateRequest) => Promise<RegenerateResponse>;
  stop: (conversationId: string, messageId: string) => Promise<StopResponse>;
  follow: (answer: FollowedAnswer) => Promise<void>;
}

export interface FollowedAnswer {
  conversationId: string;
  messageId: string;
  /** Length of the text that is known already; asked again at every reconnection. */
  knownLength: () => number;
  onEvent: (event: ChatEvent) => void;
  /** Told false when the connection is lost and true when it is back. */
  onConnection: (isConnected: boolean) => void;
  signal: AbortSignal;
}

/** Waits between attempts to reconnect; the last one repeats. */
const retryMs = [300, 700, 1_500, 3_000, 6_000];
/** The server writes a comment at least every 15 s; a connection silent for longer has died without saying so. */
const SILENCE_MS = 45_000;

export const transport: Transport = {
  load: (conversationId) => requestJson(pathOf(conversationId)),
  send: (conversationId, message) =>
    requestJson(`${pathOf(conversationId)}/messages`, { method: "POST", body: message }),
  regenerate: (conversationId, messageId, body) =>
    requestJson(`${messagePath(conversationId, messageId)}/regenerate`, { method: "POST", body }),
  stop: (conversationId, messageId) =>
    requestJson(`${messagePath(conversationId, messageId)}/stop`, { method: "POST", body: {} }),
  follow,
};

/**
 * Passes on an answer's events until it ended, reconnecting as often as it takes.
 *
 * @throws {ApiFailure} when the server says that there is no such answer
 */
async function follow(answer: FollowedAnswer): Promise<void> {
  let failures = 0;
  while (!answer.signal.aborted) {
    try {
      const hasEnded = await readOnce(answer, () => {
        failures = 0;
        answer.onConnection(true);
      });
      if (hasEnded) return;
    } catch (error) {
      if (answer.signal.aborted) return;
      if (error instanceof ApiFailure && !error.mayPass) throw error;
    }
    if (answer.signal.aborted) return;
    if (failures > 0) answer.onConnection(false);
    await waitToRetry(retryMs[Math.min(failures, retryMs.length - 1)]!, answer.signal);
    failures++;
  }
}

/** @returns whether the answer ended, rather than the connection */
async function readOnce(answer: FollowedAnswer, onOpen: () => void): Promise<boolean> {
  const silence = new AbortController();
  const signal = AbortSignal.any([answer.signal, silence.signal]);
  const giveUp = () => silence.abort();
  let timer = setTimeout(giveUp, SILENCE_MS);
  // A connection over a network that has just gone says nothing for minutes; a new attempt tells at once.
  globalThis.addEventListener?.("offline", giveUp);
  try {
    const response = await request(
      `${messagePath(answer.conversationId, answer.messageId)}/events?after=${answer.knownLength()}`,
      { headers: { accept: "text/event-stream" }, signal },
    );
    if (response.status === 204 || response.body === null) return true;
    onOpen();
    const parser = createEventParser();
    for await (const piece of piecesOf(response.body)) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, SILENCE_MS);
      for (const { data } of parser.push(piece)) {
        const event = readChatEvent(data);
        if (event === undefined) continue;
        answer.onEvent(event);
        if (event.type === "message-end" || event.type === "error") return true;
      }
    }
    return false;
  } finally {
    clearTimeout(timer);
    globalThis.removeEventListener?.("offline", giveUp);
    silence.abort();
  }
}

/** A body as text; a character cut in two by the network arrives whole. Safari cannot iterate a stream by itself. */
async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

/** Sooner when the browser says that the network is back. */
function waitToRetry(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", finish);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    globalThis.addEventListener?.("online", finish);
    signal.addEventListener("abort", finish);
  });
}
