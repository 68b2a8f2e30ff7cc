import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, expect, test } from "vitest";
import { startLanguages } from "../i18n/i18n.ts";
import { EndNote, LiveStatus, Measured } from "./answer-status.tsx";
import type { LiveAnswer } from "./reducer.ts";
import type { Message } from "./wire.ts";

beforeAll(() => startLanguages("en"));

const textOf = (markup: string) => markup.replaceAll(/<[^>]*>/g, "");
const live: LiveAnswer = { phase: "waiting", ahead: 0, promptTokensRead: 0, promptTokens: 0, isConnected: true };
const message: Message = {
  id: "a",
  conversationId: "c",
  parentId: "q",
  role: "assistant",
  parts: [{ type: "text", text: "Words" }],
  createdAt: 0,
  status: "complete",
  model: "m",
  endReason: "stop",
  usage: { promptTokens: 9, cachedTokens: 0, completionTokens: 1_234 },
  tokensPerSecond: 45.678,
  error: null,
};

test.each([
  [{}, "About to answer"],
  [{ phase: "queued", ahead: 3 }, "Waiting for its turn, 3 ahead"],
  [{ phase: "reading", promptTokensRead: 512, promptTokens: 2_048 }, "Reading, 25 %"],
  [{ phase: "writing", isConnected: false }, "The connection is lost"],
] as const)("while it is under way: %j", (change, expected) => {
  expect(textOf(renderToStaticMarkup(<LiveStatus live={{ ...live, ...change }} />))).toContain(expected);
});

test.each([
  [{ status: "stopped", endReason: "aborted" }, "You stopped this answer."],
  [{ endReason: "length" }, "Cut off at the length limit."],
  [{ endReason: "context" }, "no longer fits"],
  [{ status: "interrupted", endReason: null }, "interrupted"],
  [{ status: "failed", error: { code: "engine_failed", message: "x" } }, "The model has run into a fault"],
  [{ status: "failed", error: { code: "invalid_request", message: "temperature: found 9" } }, "temperature: found 9"],
  [{ parts: [{ type: "text", text: " \n" }] }, "ended without a word"],
] as const)("why it ended: %j", (change, expected) => {
  const markup = renderToStaticMarkup(
    <EndNote message={{ ...message, ...change } as Message} onRetry={() => undefined} />,
  );
  expect(textOf(markup)).toContain(expected);
});

test("an answer that the model ended itself needs no note", () => {
  expect(renderToStaticMarkup(<EndNote message={message} onRetry={() => undefined} />)).toBe("");
});

test("numbers are written as the language writes them, and only where they were measured", () => {
  expect(textOf(renderToStaticMarkup(<Measured message={message} />))).toBe("1,234 tokens, 45.7 tokens/s");
  expect(textOf(renderToStaticMarkup(<Measured message={{ ...message, tokensPerSecond: null }} />))).toBe(
    "1,234 tokens",
  );
  expect(renderToStaticMarkup(<Measured message={{ ...message, usage: null }} />)).toBe("");
});
