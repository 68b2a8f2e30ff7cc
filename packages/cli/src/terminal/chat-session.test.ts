import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import type { Assistant, ChatMessage } from "../commands/support/assistant.ts";
import { runChat } from "./chat-session.ts";
import { createPalette } from "./colour.ts";
import { createFakeStream } from "./fake-stream.ts";
import type { PromptResult } from "./prompt.ts";

const choice = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, stop: [], maxTokens: 10 };

/** Answers with the words of the last message, reversed; notes what it was asked. */
async function talk(
  inputs: (PromptResult | string)[],
  options: { isJson?: boolean; system?: string; interruptAfter?: number } = {},
) {
  const asked: ChatMessage[][] = [];
  const signals = Object.assign(new EventEmitter(), { exit: () => {} });
  const assistant: Assistant = {
    name: "parrot",
    context: 512,
    async *reply(messages, _choice, signal) {
      asked.push([...messages]);
      const words = messages.at(-1)!.content.split(" ").reverse();
      for (const [index, word] of words.entries()) {
        if (index === options.interruptAfter) signals.emit("SIGINT", "SIGINT");
        if (signal.aborted) return { reason: "aborted", promptTokens: 3, tokens: index, seconds: 1 };
        yield index === 0 ? word : ` ${word}`;
      }
      return { reason: "stop", promptTokens: 3, tokens: words.length, seconds: 0.5 };
    },
    complete: () => {
      throw new Error("not used");
    },
    close: async () => {},
  };
  const queue = inputs.map((input) => (typeof input === "string" ? ({ type: "text", text: input } as const) : input));
  const output = createFakeStream({ isTTY: true });
  const exitCode = await runChat({
    assistant,
    prompt: { isInteractive: true, read: async () => queue.shift() ?? { type: "end" }, close: () => {} },
    output,
    palette: createPalette(false),
    isJson: options.isJson ?? false,
    choice,
    system: options.system,
    signals,
  });
  return { asked, exitCode, text: output.text };
}

describe("a conversation", () => {
  test("streams answers and remembers what was said", async () => {
    const { asked, exitCode, text } = await talk(["a b", "c d"]);
    expect(text).toBe(`parrot, 512 tokens of memory. /help lists commands.
b a
2 tokens, 4.0 tokens/s
d c
2 tokens, 4.0 tokens/s
`);
    expect(asked[1]).toEqual([
      { role: "user", content: "a b" },
      { role: "assistant", content: "b a" },
      { role: "user", content: "c d" },
    ]);
    expect(exitCode).toBe(0);
  });

  test("/reset forgets all but the system message, /system replaces it", async () => {
    const { asked } = await talk(["one", "/reset", "two", "/system Be brief.", "three"], { system: "Be kind." });
    expect(asked[1]).toEqual([
      { role: "system", content: "Be kind." },
      { role: "user", content: "two" },
    ]);
    expect(asked[2]).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "three" },
    ]);
  });

  test("/retry asks the last message again", async () => {
    const { asked } = await talk(["one", "/retry"]);
    expect(asked).toEqual([[{ role: "user", content: "one" }], [{ role: "user", content: "one" }]]);
  });

  test("Ctrl-C stops the answer, keeps what came, and the chat goes on", async () => {
    const { asked, text, exitCode } = await talk(["a b c d", "next"], { interruptAfter: 2 });
    expect(text).toContain("d c\n2 tokens, 2.0 tokens/s, stopped\n");
    expect(asked[1]![1]).toEqual({ role: "assistant", content: "d c" });
    expect(exitCode).toBe(0);
  });

  test("Ctrl-C at an empty prompt ends it with 130, /exit with 0", async () => {
    expect((await talk([{ type: "interrupt" }])).exitCode).toBe(130);
    expect((await talk(["/exit", "never"])).asked).toEqual([]);
  });

  test("a mistyped command is not sent to the model; a path and a pasted text are", async () => {
    const { asked, text } = await talk(["/rest", "/etc/hosts", "/help\nme"]);
    expect(text).toContain("/rest is no command; did you mean /reset?");
    expect(asked.map((messages) => messages.at(-1)!.content)).toEqual(["/etc/hosts", "/help\nme"]);
  });

  test("an answer cannot send commands to the terminal", async () => {
    expect((await talk(["\u001b[2J"])).text).toContain("␛[2J");
  });

  test("--json writes the events of each answer and nothing else", async () => {
    const { text } = await talk(["a b"], { isJson: true });
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { type: "text-delta", text: "b" },
      { type: "text-delta", text: " a" },
      { type: "message-end", reason: "stop", promptTokens: 3, tokens: 2, seconds: 0.5 },
    ]);
  });
});
