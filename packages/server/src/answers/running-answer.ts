/**
 * An answer while it is written: the one copy in memory that any number of readers follow.
 *
 * It keeps the text, not a list of events: a reader is told what it lacks from where it is, so a slow reader gets
 * larger pieces instead of a longer queue.
 */
import type { ChatEvent, Message } from "@myna/protocol";

export type AnswerEnd = Extract<ChatEvent, { type: "message-end" | "error" }>;
export type Queued = Extract<ChatEvent, { type: "queued" }>;
export type Progress = Extract<ChatEvent, { type: "progress" }>;

/** Who ended it before the model did. */
export type AbortCause = "user" | "deadline" | "shutdown";

export class RunningAnswer {
  readonly messageId: string;
  readonly conversationId: string;
  text = "";
  /** Where it stands before the first word. */
  queued: Queued | undefined;
  progress: Progress | undefined;
  /** Set last, after the database knows. */
  end: AnswerEnd | undefined;
  abortCause: AbortCause | undefined;
  readonly #abort = new AbortController();
  #waiting: (() => void)[] = [];

  constructor(messageId: string, conversationId: string) {
    this.messageId = messageId;
    this.conversationId = conversationId;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The first cause counts. */
  abort(cause: AbortCause): void {
    this.abortCause ??= cause;
    this.#abort.abort();
  }

  /** Wakes every reader. */
  change(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Ends with the next change, or when the signal aborts. */
  nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== wake);
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(wake);
    });
  }

  /** The row as a reader should see it now: the database's text is a moment older. */
  overlay(message: Message): Message {
    if (message.status !== "streaming" || this.text === "") return message;
    return { ...message, parts: [{ type: "text", text: this.text }] };
  }
}
