import fc from "fast-check";
import { expect, test } from "vitest";
import {
  chatCompletionRequestSchema,
  chatEventSchema,
  conversationIdSchema,
  findTextProblem,
  messageIdSchema,
  messagePartSchema,
  samplingOptionsSchema,
  sendMessageRequestSchema,
  textSchema,
} from "./index.ts";

test.each([
  ["", undefined],
  ["你好 👩‍👩‍👧 \u202e e\u0301 \r\n", undefined],
  ["a\0b", "NUL"],
  ["\ud83d", "lone surrogate"],
  ["\udc00\ud800", "lone surrogate"],
])("the text %j has the problem %s", (text, problem) => {
  if (problem === undefined) expect(findTextProblem(text)).toBeUndefined();
  else expect(findTextProblem(text)).toContain(problem);
});

test("a text is accepted exactly when UTF-8 can carry it and it has no NUL", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.nat({ max: 0xffff }), (text, unit) => {
      const whole = text + String.fromCharCode(unit);
      const survives = new TextDecoder().decode(new TextEncoder().encode(whole)) === whole.replace(/^\ufeff/, "");
      expect(textSchema(100).safeParse(whole).success).toBe(survives && !whole.includes("\0"));
    }),
  );
});

test("no id can be read as a path, and none is shorter than 131 bits", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), (text) => {
      for (const [schema, prefix] of [
        [conversationIdSchema, "conv_"],
        [messageIdSchema, "msg_"],
      ] as const) {
        const isId = schema.safeParse(prefix + text).success;
        expect(isId).toBe(/^[0-9A-Za-z]{22}$/.test(text));
      }
    }),
  );
  expect(conversationIdSchema.safeParse(`conv_${"a".repeat(22)}\n`).success).toBe(false);
});

test("every event is told apart by its type, and an unknown one is refused", () => {
  const messageId = `msg_${"0".repeat(22)}`;
  const delta = { type: "text-delta", messageId, offset: 0, text: "a" };
  expect(chatEventSchema.parse(delta)).toEqual(delta);
  expect(chatEventSchema.safeParse({ ...delta, type: "tool-call" }).success).toBe(false);
  const end = { type: "message-end", messageId, status: "streaming", reason: null, usage: null, tokensPerSecond: null };
  expect(chatEventSchema.safeParse(end).success).toBe(false);
});

test("unknown fields and kinds of parts are refused, so that a newer client is not half understood", () => {
  expect(messagePartSchema.safeParse({ type: "image", url: "x" }).success).toBe(false);
  expect(samplingOptionsSchema.safeParse({ temprature: 1 }).success).toBe(false);
  const request = { parentId: null, parts: [{ type: "text", text: "hi" }] };
  expect(sendMessageRequestSchema.safeParse(request).success).toBe(true);
  expect(sendMessageRequestSchema.safeParse({ ...request, ownerId: "x" }).success).toBe(false);
});

test("a schema never throws, whatever JSON holds", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      for (const value of [one, { model: "m", messages: one, stop: other }, { parentId: one, parts: other }]) {
        for (const schema of [chatCompletionRequestSchema, sendMessageRequestSchema, chatEventSchema]) {
          expect(typeof schema.safeParse(value).success).toBe("boolean");
        }
      }
    }),
  );
});
