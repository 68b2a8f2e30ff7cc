// A conversation in the terminal: reads messages and commands, streams answers, remembers both.

import type { AnswerEnd, Assistant, ChatMessage, SamplingChoice } from "../commands/support/assistant.ts";
import { exitCodes } from "../errors.ts";
import { closest } from "../options/did-you-mean.ts";
import type { Palette } from "./colour.ts";
import { listenForInterrupt, type SignalSource } from "./interrupt.ts";
import type { TextStream } from "./live-region.ts";
import type { Prompt } from "./prompt.ts";
import { printable } from "./width.ts";

export interface ChatSession {
  assistant: Assistant;
  prompt: Prompt;
  output: TextStream;
  palette: Palette;
  isJson: boolean;
  choice: SamplingChoice;
  system: string | undefined;
  /** Where Ctrl-C comes from; replaced by tests. */
  signals?: SignalSource;
}

const commands = {
  "/help": "shows these commands",
  "/reset": "forgets the conversation, keeps the system message",
  "/system TEXT": "sets the system message and starts anew; without a text it is removed",
  "/retry": "answers the last message again",
  "/exit": "ends the chat (so does Ctrl-D)",
};

/** @returns the exit code: 0 after /exit or the end of input, 130 after Ctrl-C at an empty prompt */
export async function runChat(session: ChatSession): Promise<number> {
  const { assistant, prompt, output, palette } = session;
  const isQuiet = session.isJson || !prompt.isInteractive;
  let messages = opening(session.system);
  if (!isQuiet)
    output.write(`${palette.dim(`${assistant.name}, ${assistant.context} tokens of memory. /help lists commands.`)}\n`);
  while (true) {
    const read = await prompt.read(isQuiet ? "" : palette.bold("> "));
    if (read.type === "end") return exitCodes.done;
    if (read.type === "interrupt") return exitCodes.interrupted;
    const text = read.text.trim();
    if (text === "") continue;
    const [word, rest] = splitCommand(text);
    if (word === "/exit" || word === "/quit") return exitCodes.done;
    if (word === "/reset") {
      messages = opening(systemOf(messages));
      output.write(`${palette.dim("Forgotten.")}\n`);
    } else if (word === "/system") {
      messages = opening(rest === "" ? undefined : rest);
      output.write(
        `${palette.dim(rest === "" ? "No system message." : "System message set, conversation started anew.")}\n`,
      );
    } else if (word === "/help") {
      for (const [name, meaning] of Object.entries(commands))
        output.write(`${name.padEnd(14)}${palette.dim(meaning)}\n`);
    } else if (word === "/retry") {
      messages = messages.slice(0, messages.findLastIndex((message) => message.role === "user") + 1);
      if (messages.at(-1)?.role === "user") messages = await answer(session, messages);
      else output.write(`${palette.dim("There is no message to answer yet.")}\n`);
    } else if (word !== undefined) {
      const guess = closest(
        word,
        Object.keys(commands).map((name) => name.split(" ")[0]!),
      );
      output.write(
        `${palette.yellow(`${printable(word)} is no command${guess === undefined ? "; see /help" : `; did you mean ${guess}?`}`)}\n`,
      );
    } else {
      messages = await answer(session, [...messages, { role: "user", content: text }]);
    }
  }
}

/** Streams one answer. A stopped one is kept as far as it came: people refer to what they have read. */
async function answer(session: ChatSession, messages: ChatMessage[]): Promise<ChatMessage[]> {
  const { assistant, output, palette, choice, isJson } = session;
  const interrupt = listenForInterrupt(() => {}, session.signals);
  let text = "";
  try {
    const stream = assistant.reply(messages, choice, interrupt.signal);
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) {
      text += next.value;
      output.write(isJson ? `${JSON.stringify({ type: "text-delta", text: next.value })}\n` : printable(next.value));
    }
    if (isJson) output.write(`${JSON.stringify({ type: "message-end", ...next.value })}\n`);
    else output.write(`${text.endsWith("\n") ? "" : "\n"}${palette.dim(endText(next.value))}\n`);
  } finally {
    interrupt.release();
  }
  return [...messages, { role: "assistant", content: text }];
}

function endText({ reason, tokens, seconds }: AnswerEnd): string {
  const speed = seconds > 0 ? `, ${(tokens / seconds).toFixed(1)} tokens/s` : "";
  const why = { stop: "", length: ", cut at --max-tokens", context: ", the context is full", aborted: ", stopped" }[
    reason
  ];
  return `${tokens} ${tokens === 1 ? "token" : "tokens"}${speed}${why}`;
}

/** A command is a slash and letters; "/etc/hosts" or a pasted text with line feeds is a message. */
function splitCommand(text: string): [word: string | undefined, rest: string] {
  const match = /^(\/[a-z]+)(?: +([^\n]*))?$/.exec(text);
  return match === null ? [undefined, text] : [match[1], (match[2] ?? "").trim()];
}

function opening(system: string | undefined): ChatMessage[] {
  return system === undefined ? [] : [{ role: "system", content: system }];
}

function systemOf(messages: readonly ChatMessage[]): string | undefined {
  return messages.find((message) => message.role === "system")?.content;
}
