import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiFailure } from "../api/api.ts";
import { transport } from "./transport.ts";
import type { ChatEvent } from "./wire.ts";

const messageId = "msg_1";
const delta = (offset: number, text: string): ChatEvent => ({ type: "text-delta", messageId, offset, text });
const end: ChatEvent = {
  type: "message-end",
  messageId,
  status: "complete",
  reason: "stop",
  usage: null,
  tokensPerSecond: null,
};
const start: ChatEvent = {
  type: "message-start",
  messageId,
  conversationId: "c",
  parentId: null,
  model: null,
  createdAt: 0,
};

/** A scripted answer of the server: a status, events, and whether the connection is cut or hangs after them. */
interface Attempt {
  status?: number;
  events?: ChatEvent[];
  /** Bytes per piece; characters are cut wherever that falls. */
  pieceBytes?: number;
  ends?: "closed" | "broken" | "silent";
  isUnreachable?: boolean;
}

function respond({ status = 200, events = [], pieceBytes = 1_000, ends = "closed" }: Attempt, signal: AbortSignal) {
  if (status === 204) return new Response(null, { status });
  if (status >= 400) {
    return Response.json({ error: { code: status === 404 ? "not_found" : "internal", message: "no" } }, { status });
  }
  const bytes = new TextEncoder().encode(events.map((event) => `id: 1\ndata: ${JSON.stringify(event)}\n\n`).join(""));
  let position = 0;
  return new Response(
    new ReadableStream<Uint8Array>({
      start: (controller) => signal.addEventListener("abort", () => controller.error(new Error("aborted"))),
      pull(controller) {
        if (position < bytes.length) {
          controller.enqueue(bytes.slice(position, position + pieceBytes));
          position += pieceBytes;
          return;
        }
        if (ends === "closed") controller.close();
        if (ends === "broken") controller.error(new TypeError("network error"));
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
}

async function follow(attempts: Attempt[]) {
  const asked: string[] = [];
  const events: ChatEvent[] = [];
  const connection: boolean[] = [];
  let text = "";
  vi.stubGlobal("fetch", (url: string, { signal }: { signal: AbortSignal }) => {
    asked.push(url.split("?")[1]!);
    const attempt = attempts[asked.length - 1];
    if (attempt === undefined) throw new Error("internal: asked more often than the test has answers");
    return attempt.isUnreachable
      ? Promise.reject(new TypeError("Failed to fetch"))
      : Promise.resolve(respond(attempt, signal));
  });
  const following = transport.follow({
    conversationId: "c",
    messageId,
    knownLength: () => text.length,
    onEvent(event) {
      events.push(event);
      if (event.type === "text-delta") text = text.slice(0, event.offset) + event.text;
    },
    onConnection: (isConnected) => connection.push(isConnected),
    signal: new AbortController().signal,
  });
  const outcome = following.then(
    () => undefined,
    (error: unknown) => error,
  );
  await vi.runAllTimersAsync();
  return { asked, events, connection, text: () => text, error: await outcome };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("characters cut in two by the network arrive whole", async () => {
  const { text, asked } = await follow([{ events: [start, delta(0, "八哥🐦"), end], pieceBytes: 3 }]);
  expect(text()).toBe("八哥🐦");
  expect(asked).toEqual(["after=0"]);
});

test.each(["closed", "broken", "silent"] as const)(
  "a connection that is %s in the middle is opened again from the known length",
  async (ends) => {
    const { text, asked, error } = await follow([
      { events: [start, delta(0, "one ")], ends },
      { events: [start, delta(4, "two"), end] },
    ]);
    expect(text()).toBe("one two");
    expect(asked).toEqual(["after=0", "after=4"]);
    expect(error).toBeUndefined();
  },
);

test("an unreachable server is told once it has failed again, and its return too", async () => {
  const { connection, events } = await follow([
    { events: [start], ends: "broken" },
    { isUnreachable: true },
    { isUnreachable: true },
    { status: 503 },
    { events: [start, end] },
  ]);
  expect(connection).toEqual([true, false, false, false, true]);
  expect(events.at(-1)).toEqual(end);
});

test("204 says that everything is known, and nothing more is asked", async () => {
  expect((await follow([{ status: 204 }])).asked).toHaveLength(1);
});

test("an answer that does not exist is an error, not a reason to try for ever", async () => {
  const { error, asked } = await follow([{ status: 404 }]);
  expect(error).toBeInstanceOf(ApiFailure);
  expect(asked).toHaveLength(1);
});
