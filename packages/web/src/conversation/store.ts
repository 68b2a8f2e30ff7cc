// A conversation that lives outside the screen: it goes on being written while another one is looked at. Joins transport and
// reducer; knows nothing of views.

import { ApiFailure } from "../api/api.ts";
import {
  type ConversationAction,
  type ConversationState,
  emptyConversation,
  type PendingMessage,
  reduceConversation,
} from "./reducer.ts";
import { transport as serverTransport, type Transport } from "./transport.ts";
import { shownBranch } from "./tree.ts";
import { type ChatEvent, type Conversation, newRequestId, textOf } from "./wire.ts";

/** Events that arrive together are drawn together: 25 times a second is fluent, and leaves a slow machine time to answer. */
const DRAW_EVERY_MS = 40;

export interface ConversationStore {
  readonly id: string;
  getState: () => ConversationState;
  subscribe: (listener: () => void) => () => void;
  load: () => Promise<void>;
  /** For a conversation that was just made: there is nothing to load. */
  adopt: (conversation: Conversation) => void;
  /** Adds a message below `parentId`: the end of the shown branch, or another version of an earlier message. */
  send: (text: string, parentId?: string | null) => Promise<void>;
  retrySend: () => Promise<void>;
  /** Gives the text of a message that could not be sent back, to be written anew. */
  abandonSend: () => string;
  /** @throws {ApiFailure} */
  regenerate: (messageId: string) => Promise<void>;
  /** Stops the answer of the shown branch, in the engine too. @throws {ApiFailure} */
  stop: () => Promise<void>;
  choose: (messageId: string) => void;
}

export interface StoreOptions {
  id: string;
  transport?: Transport;
  /** Called when something that the list shows has changed: a title, the order, who is answering. */
  onListChange?: () => void;
}

export function createConversationStore(options: StoreOptions): ConversationStore {
  const { id, transport = serverTransport, onListChange = () => undefined } = options;
  let state = emptyConversation;
  const listeners = new Set<() => void>();
  const followed = new Set<string>();
  let waitingEvents: ChatEvent[] = [];
  let drawTimer: ReturnType<typeof setTimeout> | undefined;

  function dispatch(...actions: ConversationAction[]): void {
    const before = state;
    state = actions.reduce(reduceConversation, state);
    if (state === before) return;
    for (const listener of listeners) listener();
    followLiveAnswers();
  }

  function receive(event: ChatEvent): void {
    waitingEvents.push(event);
    if (event.type === "message-end" || event.type === "error") draw();
    else drawTimer ??= setTimeout(draw, DRAW_EVERY_MS);
  }

  function draw(): void {
    clearTimeout(drawTimer);
    drawTimer = undefined;
    const events = waitingEvents;
    waitingEvents = [];
    dispatch(...events);
  }

  function followLiveAnswers(): void {
    for (const messageId of Object.keys(state.live)) {
      if (followed.has(messageId)) continue;
      followed.add(messageId);
      void followAnswer(messageId);
    }
  }

  async function followAnswer(messageId: string): Promise<void> {
    onListChange();
    try {
      await transport.follow({
        conversationId: id,
        messageId,
        knownLength: () => {
          draw();
          const message = state.messages[messageId];
          return message === undefined ? 0 : textOf(message).length;
        },
        onEvent: receive,
        onConnection: (isConnected) => dispatch({ type: "connection", messageId, isConnected }),
        signal: new AbortController().signal,
      });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
    } finally {
      draw();
      followed.delete(messageId);
    }
    // The stream ended without its last event: the database knows how.
    const status = state.messages[messageId]?.status;
    if (status === "streaming" || status === "interrupted") await load();
    onListChange();
  }

  async function load(): Promise<void> {
    try {
      dispatch({ type: "loaded", tree: await transport.load(id) });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      dispatch({ type: "load-failed", isMissing: error.code === "not_found" || error.status === 400 });
    }
  }

  async function attempt(pending: PendingMessage): Promise<void> {
    dispatch({ type: "sending", pending });
    try {
      const { requestId, parentId, text } = pending;
      const sent = await transport.send(id, { parentId, parts: [{ type: "text", text }], requestId });
      dispatch({ type: "added", messages: [sent.userMessage, sent.answer] });
      onListChange();
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      dispatch({
        type: "send-failed",
        requestId: pending.requestId,
        failure: { code: error.code, message: error.message },
      });
    }
  }

  return {
    id,
    getState: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    load,
    adopt: (conversation) => dispatch({ type: "loaded", tree: { conversation, messages: [] } }),
    send(text, parentId = shownBranch(state).at(-1)?.message.id ?? null) {
      return attempt({ requestId: newRequestId(), parentId, text, failure: undefined });
    },
    async retrySend() {
      if (state.pending !== undefined) await attempt({ ...state.pending, failure: undefined });
    },
    abandonSend() {
      const text = state.pending?.text ?? "";
      dispatch({ type: "send-abandoned" });
      return text;
    },
    async regenerate(messageId) {
      const { answer } = await transport.regenerate(id, messageId, { requestId: newRequestId() });
      dispatch({ type: "added", messages: [answer] });
      onListChange();
    },
    async stop() {
      const answer = shownBranch(state).find(({ message }) => state.live[message.id] !== undefined)?.message;
      if (answer === undefined) return;
      const { message } = await transport.stop(id, answer.id);
      draw();
      dispatch({ type: "replaced", message });
    },
    choose: (messageId) => dispatch({ type: "chosen", messageId }),
  };
}
