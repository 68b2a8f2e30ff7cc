// `myna chat`: a conversation in the terminal.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { runChat } from "../terminal/chat-session.ts";
import { createPrompt } from "../terminal/prompt.ts";
import { openAssistant } from "./support/assistant.ts";
import { modelOption, samplingOptions } from "./support/sampling-options.ts";

export const chatOptions = z.object({
  model: modelOption,
  system: z.string().optional().describe("System message").meta({ unit: "text" }),
  ...samplingOptions,
});

export const chat = defineCommand({
  name: "chat",
  summary: "Talks with a model in the terminal",
  details:
    "Enter sends, a pasted text stays one message, a backslash at the end of a line continues it. Ctrl-C stops an " +
    "answer. /help lists the commands.",
  examples: ["myna chat", 'myna chat --model first-chat --system "Answer in one sentence."'],
  options: chatOptions,
  async run(options, context) {
    const assistant = await openAssistant({ home: context.home, model: options.model });
    const prompt = createPrompt({ input: process.stdin, output: process.stdout });
    try {
      return await runChat({
        assistant,
        prompt,
        output: context.output,
        palette: context.palette,
        isJson: context.isJson,
        choice: options,
        system: options.system,
      });
    } finally {
      prompt.close();
      await assistant.close();
    }
  },
});
