import { expect, test, vi } from "vitest";
import { ApiFailure } from "../api/api.ts";
import { createConversationStore } from "./store.ts";
import type { FollowedAnswer, Transport } from "./transport.ts";
import { shownBranch } from "./tree.ts";
import { type ConversationTree, type Message, textOf } from "./wire.ts";

const conversation = { id: "c", title: null, systemPrompt: null, createdAt: 0, updatedAt: 0 };

function message(id: string, parentId: string | null, change: Partial<Message> = {}): Message {
  return {
    id,
    conversationId: "c",
    parentId,
    role: "user",
    parts: [{ type: "text", text: id }],
    createdAt: 0,
    status: "complete",
    model: null,
    endReason: null,
    usage: null,
    tokensPerSecond: null,
    error: null,
    ...change,
  };
}
const answer = (id: string, parentId: string) =>
  message(id, parentId, { role: "assistant", status: "streaming", parts: [] });

/** A server that does what the test says; answers are followed until the test lets them end. */
function stage(change: Partial<Transport> = {}) {
  const followed: (FollowedAnswer & { finish: () => void })[] = [];
  const sent: unknown[] = [];
  let tree: ConversationTree = { conversation, messages: [] };
  const transport: Transport = {
    load: async () => tree,
    send: async (_, request) => {
      sent.push(request);
      const id = `q${sent.length}`;
      return { userMessage: message(id, request.parentId), answer: answer(`a${sent.length}`, id) };
    },
    regenerate: async (_, messageId) => ({ answer: answer(`${messageId}again`, "q1") }),
    stop: async (_, messageId) => ({ message: { ...answer(messageId, "q1"), status: "stopped" } }),
    follow: (following) => new Promise((resolve) => followed.push({ ...following, finish: resolve })),
    ...change,
  };
  const onListChange = vi.fn();
  const store = createConversationStore({ id: "c", transport, onListChange });
  return { store, followed, sent, onListChange, setTree: (next: ConversationTree) => (tree = next) };
}

test("a message is sent below the end of the shown branch, and its answer is followed", async () => {
  const { store, followed, sent } = stage();
  store.adopt(conversation);
  await store.send("hello");
  expect(sent).toMatchObject([{ parentId: null, parts: [{ type: "text", text: "hello" }] }]);
  expect(followed.map(({ messageId }) => messageId)).toEqual(["a1"]);
  followed[0]!.onEvent({ type: "text-delta", messageId: "a1", offset: 0, text: "Hi" });
  followed[0]!.onEvent({
    type: "message-end",
    messageId: "a1",
    status: "complete",
    reason: "stop",
    usage: null,
    tokensPerSecond: null,
  });
  followed[0]!.finish();
  await store.send("more");
  expect(sent[1]).toMatchObject({ parentId: "a1" });
  expect(shownBranch(store.getState()).map(({ message: shown }) => textOf(shown))).toEqual(["q1", "Hi", "q2", ""]);
});

test("a message that failed is sent again under the same request id, so that it cannot arrive twice", async () => {
  const ids: (string | undefined)[] = [];
  const { store } = stage({
    send: async (_, request) => {
      ids.push(request.requestId);
      if (ids.length === 1) throw new ApiFailure("unreachable", "Failed to fetch");
      return { userMessage: message("q1", null), answer: answer("a1", "q1") };
    },
  });
  store.adopt(conversation);
  await store.send("hello");
  expect(store.getState().pending).toMatchObject({ text: "hello", failure: { code: "unreachable" } });
  await store.retrySend();
  expect(store.getState().pending).toBeUndefined();
  expect(ids[0]).toMatch(/^[0-9a-z]{8,64}$/);
  expect(ids[1]).toBe(ids[0]);
});

test("a message taken back gives its text", async () => {
  const { store } = stage({ send: () => Promise.reject(new ApiFailure("internal", "no", 500)) });
  store.adopt(conversation);
  await store.send("a long thought");
  expect(store.abandonSend()).toBe("a long thought");
  expect(store.getState().pending).toBeUndefined();
});

test("an answer found half written when loading is followed from its known length, once", async () => {
  const { store, followed, setTree } = stage();
  const half = { ...answer("a1", "q1"), parts: [{ type: "text" as const, text: "Half" }] };
  setTree({ conversation, messages: [message("q1", null), half] });
  await store.load();
  await store.load();
  expect(followed).toHaveLength(1);
  expect(followed[0]!.knownLength()).toBe(4);
});

test("a stream that ends without its last event sends the store to the database for the truth", async () => {
  const { store, followed, setTree } = stage();
  store.adopt(conversation);
  await store.send("hello");
  const done = {
    ...answer("a1", "q1"),
    status: "complete" as const,
    parts: [{ type: "text" as const, text: "Done." }],
  };
  setTree({ conversation, messages: [message("q1", null), done] });
  followed[0]!.finish();
  await vi.waitFor(() => expect(store.getState().live).toEqual({}));
  expect(textOf(store.getState().messages.a1!)).toBe("Done.");
});

test("stopping stops the answer that is shown", async () => {
  const { store, followed } = stage();
  store.adopt(conversation);
  await store.send("hello");
  followed[0]!.onEvent({ type: "text-delta", messageId: "a1", offset: 0, text: "Some words" });
  await store.stop();
  expect(store.getState().messages.a1?.status).toBe("stopped");
  expect(store.getState().live).toEqual({});
});

test("a conversation that does not exist is told from one that could not be loaded", async () => {
  const missing = stage({ load: () => Promise.reject(new ApiFailure("not_found", "no", 404)) }).store;
  await missing.load();
  expect(missing.getState().loading).toBe("missing");
  const failed = stage({ load: () => Promise.reject(new ApiFailure("unreachable", "no")) }).store;
  await failed.load();
  expect(failed.getState().loading).toBe("failed");
});
