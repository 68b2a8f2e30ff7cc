import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { createPrompt } from "./prompt.ts";

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  output.resume();
  return { input, prompt: createPrompt({ input, output }) };
}

describe("on a terminal", () => {
  test("Enter sends the line", async () => {
    const { input, prompt } = terminal();
    const read = prompt.read("> ");
    input.write("hello 世界\r");
    expect(await read).toEqual({ type: "text", text: "hello 世界" });
  });

  test("a pasted text of several lines is one message, sent by Enter", async () => {
    const { input, prompt } = terminal();
    const read = prompt.read("> ");
    input.write("\u001b[200~one\rtwo\r");
    input.write("three\u001b[201~");
    input.write(" and more\r");
    expect(await read).toEqual({ type: "text", text: "one\ntwo\nthree and more" });
  });

  test("a backslash at the end of a line continues it", async () => {
    const { input, prompt } = terminal();
    const read = prompt.read("> ");
    input.write("one\\\r");
    input.write("two\r");
    expect(await read).toEqual({ type: "text", text: "one\ntwo" });
  });

  test("the arrow up brings back the message before", async () => {
    const { input, prompt } = terminal();
    const first = prompt.read("> ");
    input.write("earlier\r");
    await first;
    const second = prompt.read("> ");
    input.write("\u001b[A\r");
    expect(await second).toEqual({ type: "text", text: "earlier" });
  });

  test("Ctrl-C clears what was typed, and at an empty line says so", async () => {
    const { input, prompt } = terminal();
    const first = prompt.read("> ");
    input.write("oops\u0003fine\r");
    expect(await first).toEqual({ type: "text", text: "fine" });
    const second = prompt.read("> ");
    input.write("\u0003");
    expect(await second).toEqual({ type: "interrupt" });
  });

  test("Ctrl-D ends", async () => {
    const { input, prompt } = terminal();
    const read = prompt.read("> ");
    input.write("\u0004");
    expect(await read).toEqual({ type: "end" });
  });
});

test("from a pipe every line is a message", async () => {
  const input = new PassThrough();
  const prompt = createPrompt({ input, output: new PassThrough() });
  input.end("one\ntwo\n");
  expect([await prompt.read(""), await prompt.read(""), await prompt.read("")]).toEqual([
    { type: "text", text: "one" },
    { type: "text", text: "two" },
    { type: "end" },
  ]);
});
