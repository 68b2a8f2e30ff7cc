import { chatEventSchema } from "@myna/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyDelta, type ConversationState, emptyConversation, reduceConversation } from "./reducer.ts";
import { createEventParser } from "./server-sent-events.ts";
import { shownBranch } from "./tree.ts";
import { type ChatEvent, type Message, readChatEvent, textOf } from "./wire.ts";

const idOf = (name: string) => `msg_${name.padEnd(22, "0")}`;
const conversationId = `conv_${"0".repeat(22)}`;
const messageId = idOf("answer");

function message(name: string, parent: string | null, change: Partial<Message> = {}): Message {
  return {
    id: idOf(name),
    conversationId,
    parentId: parent === null ? null : idOf(parent),
    role: "user",
    parts: [{ type: "text", text: name }],
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

const conversation = { id: conversationId, title: "t", systemPrompt: null, createdAt: 0, updatedAt: 0 };
const unanswered = message("answer", "question", { role: "assistant", parts: [], status: "streaming" });
const asked = reduceConversation(emptyConversation, {
  type: "loaded",
  tree: { conversation, messages: [message("question", null), unanswered] },
});
const apply = (state: ConversationState, events: ChatEvent[]) => events.reduce(reduceConversation, state);

/** What the server sends for a text in these pieces, to a reader that knows `after` characters. */
function eventsOf(pieces: string[], after = 0): ChatEvent[] {
  const text = pieces.join("");
  const ends = pieces.map((_, index) => pieces.slice(0, index + 1).join("").length);
  const cuts = [after, ...ends.filter((end) => end > after)];
  return [
    { type: "message-start", messageId, conversationId, parentId: idOf("question"), model: "m", createdAt: 0 },
    ...(after === 0
      ? ([
          { type: "queued", messageId, ahead: 1 },
          { type: "queued", messageId, ahead: 0 },
          { type: "progress", messageId, promptTokensRead: 3, promptTokens: 9 },
        ] satisfies ChatEvent[])
      : []),
    ...cuts.slice(1).map((end, index): ChatEvent => {
      const offset = cuts[index]!;
      return { type: "text-delta", messageId, offset, text: text.slice(offset, end) };
    }),
    {
      type: "message-end",
      messageId,
      status: "complete",
      reason: "stop",
      usage: { promptTokens: 9, cachedTokens: 0, completionTokens: pieces.length },
      tokensPerSecond: 50,
    },
  ];
}

const pieces = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });
const final = (parts: string[]) => apply(asked, eventsOf(parts));

describe("one answer", () => {
  test("any cutting of the same text into deltas ends in the same state", () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const whole = apply(asked, [
          ...eventsOf([parts.join("")]).slice(0, -1),
          eventsOf(parts).at(-1)!, // the same usage
        ]);
        expect(final(parts)).toEqual(whole);
        expect(textOf(final(parts).messages[messageId]!)).toBe(parts.join(""));
      }),
    );
  });

  test("events that come again, at once or much later, change nothing", () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }), (parts, repeats) => {
        const events = eventsOf(parts);
        const stream = [...events];
        for (const [which, later] of repeats) {
          const index = which % events.length;
          const place = stream.indexOf(events[index]!) + 1;
          stream.splice(place + (later % (stream.length - place + 1)), 0, events[index]!);
        }
        // An end that came early would be the server's mistake; copies of it come after it here.
        expect(apply(asked, stream)).toEqual(final(parts));
      }),
    );
  });

  test("a stream lost at any event and resumed from the known length ends as if it had never been lost", () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(), { maxLength: 6 }), (parts, losses) => {
        let state = asked;
        for (const loss of losses) {
          const known = textOf(state.messages[messageId]!).length;
          const events = eventsOf(parts, known).slice(0, -1);
          state = apply(state, events.slice(0, loss % (events.length + 1)));
          state = reduceConversation(state, { type: "connection", messageId, isConnected: false });
        }
        state = apply(state, eventsOf(parts, textOf(state.messages[messageId]!).length));
        expect(state).toEqual(final(parts));
      }),
    );
  });

  test("reloading the tree in the middle of a stream loses no word of it", () => {
    fc.assert(
      fc.property(pieces, fc.nat(), fc.nat(), (parts, middle, saved) => {
        const events = eventsOf(parts);
        const cut = middle % events.length;
        const before = apply(asked, events.slice(0, cut));
        const known = textOf(before.messages[messageId]!);
        const stored = {
          ...unanswered,
          parts: [{ type: "text" as const, text: known.slice(0, saved % (known.length + 1)) }],
        };
        const reloaded = reduceConversation(before, {
          type: "loaded",
          tree: { conversation, messages: [message("question", null), stored] },
        });
        expect(apply(reloaded, events.slice(cut))).toEqual(final(parts));
      }),
    );
  });

  test("a piece in its place, a known piece, a piece beyond a gap", () => {
    expect(applyDelta("Hel", 2, "llo")).toBe("Hello");
    expect(applyDelta("Hello", 0, "He")).toBe("Hello");
    expect(applyDelta("H", 3, "lo")).toBe("H");
  });

  test("the queue and the prompt are told only until the first word", () => {
    const reading = apply(asked, eventsOf(["a", "b"]).slice(0, 4));
    expect(reading.live[messageId]).toMatchObject({ phase: "reading", promptTokensRead: 3, promptTokens: 9 });
    const writing = apply(reading, [...eventsOf(["a", "b"]).slice(4, 5), { type: "queued", messageId, ahead: 4 }]);
    expect(writing.live[messageId]?.phase).toBe("writing");
  });

  test("after a failure the words stay, and what comes later is ignored", () => {
    const failed = apply(asked, [
      ...eventsOf(["a", "b"]).slice(0, 5),
      { type: "error", messageId, code: "engine_failed", message: "the engine stopped" },
      ...eventsOf(["a", "b"]),
    ]);
    expect(failed.messages[messageId]).toMatchObject({ status: "failed", parts: [{ text: "a" }] });
    expect(failed.live).toEqual({});
  });

  test("events of a message that the conversation does not have change nothing", () => {
    expect(apply(asked, [{ type: "queued", messageId: idOf("other"), ahead: 2 }])).toBe(asked);
  });
});

describe("sending and branches", () => {
  const texts = (state: ConversationState) => shownBranch(state).map(({ message }) => textOf(message));
  const tree = reduceConversation(emptyConversation, {
    type: "loaded",
    tree: {
      conversation,
      messages: [
        message("q1", null),
        message("a1", "q1", { role: "assistant" }),
        message("q2", "a1"),
        message("q1edited", null),
        message("a1again", "q1", { role: "assistant" }),
      ],
    },
  });

  test("the branch that was written in last is shown until another is chosen, and each place knows its versions", () => {
    expect(texts(tree)).toEqual(["q1", "a1again"]);
    expect(texts(reduceConversation(tree, { type: "chosen", messageId: idOf("q1edited") }))).toEqual(["q1edited"]);
    const deeper = reduceConversation(tree, { type: "chosen", messageId: idOf("a1") });
    expect(texts(deeper)).toEqual(["q1", "a1", "q2"]);
    expect(shownBranch(deeper)[1]?.versions).toEqual([idOf("a1"), idOf("a1again")]);
  });

  test("a sent message is shown with its answer, whatever branch was chosen", () => {
    const first = reduceConversation(tree, { type: "chosen", messageId: idOf("a1") });
    const sent = reduceConversation(first, {
      type: "added",
      messages: [message("q3", "a1"), message("a3", "q3", { role: "assistant", status: "streaming" })],
    });
    expect(texts(reduceConversation(sent, { type: "chosen", messageId: idOf("q1") }))).toEqual([
      "q1",
      "a1",
      "q3",
      "a3",
    ]);
    expect(Object.keys(sent.live)).toEqual([idOf("a3")]);
  });

  test("a message that could not be sent stays, with the reason, until it is sent or taken back", () => {
    const pending = { requestId: "r", parentId: null, text: "hello", failure: undefined };
    const failure = { code: "unreachable" as const, message: "no network" };
    const failed = reduceConversation(asked, { type: "sending", pending });
    const told = reduceConversation(failed, { type: "send-failed", requestId: "r", failure });
    expect(told.pending).toEqual({ ...pending, failure });
    expect(reduceConversation(told, { type: "send-failed", requestId: "other", failure })).toBe(told);
    expect(reduceConversation(told, { type: "send-abandoned" }).pending).toBeUndefined();
  });

  test("a conversation on the screen stays there when refreshing it fails", () => {
    expect(reduceConversation(tree, { type: "load-failed", isMissing: false })).toBe(tree);
    expect(reduceConversation(emptyConversation, { type: "load-failed", isMissing: true }).loading).toBe("missing");
  });

  test("a tree whose parents go round in circles ends", () => {
    const circular = { messages: { [idOf("a")]: { ...message("a", null), parentId: "" } }, chosen: {} };
    expect(shownBranch(circular)).toHaveLength(1);
  });
});

describe("the wire", () => {
  test("every event of the schema is read, and kinds that this page does not know are left out", () => {
    for (const event of eventsOf(["a", "b"])) {
      expect(chatEventSchema.parse(event)).toEqual(event);
      expect(readChatEvent(JSON.stringify(event))).toEqual(event);
    }
    for (const data of ["null", "1", '{"type":"tool-call"}', '{"type":"toString"}']) {
      expect(readChatEvent(data)).toBeUndefined();
    }
  });

  test("server-sent events come out the same however the text is cut", () => {
    const text =
      ': hello\r\nid: 1\r\ndata: {"a":1}\r\n\r\nid:2\ndata:  two\ndata: lines\n\nevent: x\ndata\r\rretry: 5\n\n';
    const whole = createEventParser().push(text);
    expect(whole).toEqual([
      { id: "1", data: '{"a":1}' },
      { id: "2", data: " two\nlines" },
      { id: "2", data: "" },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (places) => {
        const cuts = [0, ...places.sort((one, other) => one - other), text.length];
        const parser = createEventParser();
        const events = cuts.slice(1).flatMap((end, index) => parser.push(text.slice(cuts[index], end)));
        expect(events).toEqual(whole);
      }),
    );
  });
});
