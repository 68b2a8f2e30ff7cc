// `myna generate`: one answer, for scripts.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { exitCodes, UsageError } from "../errors.ts";
import { listenForInterrupt } from "../terminal/interrupt.ts";
import { printable } from "../terminal/width.ts";
import { openAssistant } from "./support/assistant.ts";
import { modelOption, samplingOptions } from "./support/sampling-options.ts";

export const generateOptions = z.object({
  prompt: z.string().optional().describe("What to answer; without it standard input is read"),
  model: modelOption,
  system: z.string().optional().describe("System message").meta({ unit: "text" }),
  raw: z.boolean().default(false).describe("Continues the prompt as it stands, without the chat template"),
  ...samplingOptions,
});

export const generate = defineCommand({
  name: "generate",
  summary: "Writes one answer and exits",
  examples: ['myna generate "What is a bird?" --temperature 0', 'echo "鸟是什么？" | myna generate --json'],
  options: generateOptions,
  positionals: ["prompt"],
  async run(options, context) {
    const prompt = options.prompt ?? (await readStandardInput());
    const assistant = await openAssistant({ home: context.home, model: options.model });
    const interrupt = listenForInterrupt(() => {});
    try {
      const messages = [
        ...(options.system === undefined ? [] : [{ role: "system" as const, content: options.system }]),
        { role: "user" as const, content: prompt },
      ];
      const stream = options.raw
        ? assistant.complete(prompt, options, interrupt.signal)
        : assistant.reply(messages, options, interrupt.signal);
      // A file gets the bytes as they are; a terminal must not obey what a model writes.
      const show = context.output.isTTY === true ? printable : (text: string) => text;
      let text = "";
      let next = await stream.next();
      for (; !next.done; next = await stream.next()) {
        text += next.value;
        if (!context.isJson) context.output.write(show(next.value));
      }
      context.output.write(
        context.isJson ? `${JSON.stringify({ model: assistant.name, text, ...next.value })}\n` : "\n",
      );
      return interrupt.signal.aborted ? exitCodes.interrupted : exitCodes.done;
    } finally {
      interrupt.release();
      await assistant.close();
    }
  },
});

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY === true) {
    throw new UsageError({
      where: "myna generate",
      found: "no prompt",
      expected: "a text",
      fix: 'write myna generate "your question", or pipe a text into it',
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8").trimEnd();
}
