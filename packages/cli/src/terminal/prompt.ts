// Reads messages from a person: line editing and history by readline, pasted texts of many lines kept as one message.

import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";

export type PromptResult = { type: "text"; text: string } | { type: "interrupt" } | { type: "end" };

export interface Prompt {
  /** False when input comes from a pipe: then every line is a message. */
  readonly isInteractive: boolean;
  /** "interrupt": Ctrl-C at an empty line. "end": Ctrl-D, or the pipe is at its end. */
  read(question: string): Promise<PromptResult>;
  close(): void;
}

export interface PromptStreams {
  input: Readable & { isTTY?: boolean };
  output: Writable & { isTTY?: boolean };
}

/** Asks the terminal to mark pasted text (xterm's bracketed paste), so that its line feeds do not send it. */
const markPastes = "\u001b[?2004h";
const unmarkPastes = "\u001b[?2004l";

export function createPrompt(streams: PromptStreams): Prompt {
  return streams.input.isTTY === true && streams.output.isTTY === true ? terminalPrompt(streams) : pipePrompt(streams);
}

/**
 * A fresh readline per message: between messages the terminal is in its ordinary mode, where Ctrl-C is a signal that
 * can stop an answer.
 */
function terminalPrompt({ input, output }: PromptStreams): Prompt {
  let history: string[] = [];
  let current: Interface | undefined;

  function read(question: string): Promise<PromptResult> {
    const readline = createInterface({ input, output, terminal: true, history, historySize: 500, prompt: question });
    current = readline;
    output.write(markPastes);
    let isPasting = false;
    const lines: string[] = [];
    const onKey = (_text: string | undefined, key: { name?: string } | undefined) => {
      if (key?.name === "paste-start") isPasting = true;
      if (key?.name === "paste-end") isPasting = false;
    };
    input.on("keypress", onKey);
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (result: PromptResult) => {
        if (isOver) return;
        isOver = true;
        input.off("keypress", onKey);
        output.write(unmarkPastes);
        resolve(result);
        readline.close();
        current = undefined;
      };
      readline.on("history", (entries) => {
        history = [...entries];
      });
      readline.on("line", (line) => {
        const isContinued = line.endsWith("\\") && !isPasting;
        lines.push(isContinued ? line.slice(0, -1) : line);
        if (!isPasting && !isContinued) return finish({ type: "text", text: lines.join("\n") });
        readline.setPrompt("  ");
        if (isContinued) readline.prompt();
      });
      readline.on("SIGINT", () => {
        if (readline.line === "" && lines.length === 0) return finish({ type: "interrupt" });
        // As in a shell: Ctrl-C throws away what was typed so far.
        lines.length = 0;
        output.write("\n");
        readline.write(null, { ctrl: true, name: "e" });
        readline.write(null, { ctrl: true, name: "u" });
        readline.setPrompt(question);
        readline.prompt();
      });
      readline.on("close", () => finish({ type: "end" }));
      readline.prompt();
    });
  }

  return { isInteractive: true, read, close: () => current?.close() };
}

function pipePrompt({ input }: PromptStreams): Prompt {
  const readline = createInterface({ input, terminal: false });
  const lines = readline[Symbol.asyncIterator]();
  return {
    isInteractive: false,
    async read() {
      const next = await lines.next();
      return next.done === true ? { type: "end" } : { type: "text", text: next.value };
    },
    close: () => readline.close(),
  };
}
