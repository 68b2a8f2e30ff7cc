import type { Message } from "@myna/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { followAnswer, type NumberedEvent, replayAnswer } from "./answer-events.ts";
import { RunningAnswer } from "./running-answer.ts";

const message: Message = {
  id: "msg_0000000000000000000000",
  conversationId: "conv_0000000000000000000000",
  parentId: null,
  role: "assistant",
  parts: [],
  createdAt: 0,
  status: "complete",
  model: "m",
  endReason: "stop",
  usage: null,
  tokensPerSecond: null,
  error: null,
};

const end = {
  type: "message-end",
  messageId: message.id,
  status: "complete",
  reason: "stop",
  usage: null,
  tokensPerSecond: null,
} as const;

/** As a reader does: cut at the offset, then append. */
function apply(events: readonly NumberedEvent[], before: string): string {
  return events.reduce(
    (text, { event }) => (event.type === "text-delta" ? text.slice(0, event.offset) + event.text : text),
    before,
  );
}

const anyText = fc.string({ unit: "grapheme", maxLength: 40 });

test("wherever a reader comes back, it ends with the whole text, once", () => {
  fc.assert(
    fc.property(anyText, fc.nat({ max: 60 }), (text, after) => {
      const events = [...replayAnswer({ ...message, parts: [{ type: "text", text }] }, after)];
      // What a reader could have seen; more than there is, when the server lost some in a crash.
      const seen = (text + "x".repeat(60)).slice(0, after);
      expect(apply(events, seen)).toBe(text);
      for (const { event } of events) if (event.type === "text-delta") expect(event.text.isWellFormed()).toBe(true);
      expect(events.at(-1)?.event.type).toBe("message-end");
    }),
  );
});

test("a reader that follows, at whatever pace, ends with the whole text, once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyText, { maxLength: 8 }),
      fc.nat({ max: 30 }),
      fc.nat(),
      async (pieces, after, pace) => {
        const running = new RunningAnswer(message.id, message.conversationId);
        const text = pieces.join("");
        const start = text.slice(0, after).isWellFormed() ? Math.min(after, text.length) : 0;
        const writing = (async () => {
          for (const [index, piece] of pieces.entries()) {
            if ((pace >> index) % 2 === 1) await new Promise((resolve) => setImmediate(resolve));
            running.text += piece;
            running.change();
          }
          running.end = end;
          running.change();
        })();
        const events: NumberedEvent[] = [];
        for await (const event of followAnswer(running, message, start, new AbortController().signal))
          events.push(event);
        await writing;
        expect(apply(events, text.slice(0, start))).toBe(text);
        expect(events.filter(({ event }) => event.type === "message-end")).toHaveLength(1);
      },
    ),
    { numRuns: 60 },
  );
});

test("a reader that is gone ends, though the answer goes on", async () => {
  const running = new RunningAnswer(message.id, message.conversationId);
  const leave = new AbortController();
  const events = followAnswer(running, message, 0, leave.signal);
  expect((await events.next()).value?.event.type).toBe("message-start");
  const next = events.next();
  leave.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(running.signal.aborted).toBe(false);
});

test("an answer that could not be finished is told as interrupted", () => {
  const events = [...replayAnswer({ ...message, status: "streaming", endReason: null }, 0)];
  expect(events.at(-1)?.event).toMatchObject({ type: "message-end", status: "interrupted", reason: null });
});
