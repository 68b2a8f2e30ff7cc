/** The events of one answer for one reader, out of memory while it runs and out of the database afterwards. */
import { type ChatEvent, endEventId, type Message } from "@myna/protocol";
import { textOf } from "./prompt.ts";
import type { RunningAnswer } from "./running-answer.ts";

/** `id` is what a reader comes back with; events that need no repetition have none. */
export interface NumberedEvent {
  readonly id?: string;
  readonly event: ChatEvent;
}

/**
 * Follows an answer to its end.
 *
 * @param after length of the text that the reader has already; beyond the text: everything is sent again
 */
export async function* followAnswer(
  running: RunningAnswer,
  message: Message,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<NumberedEvent> {
  yield { event: startOf(message) };
  let sent = resumeAt(running.text, after);
  let lastQueued: ChatEvent | undefined;
  let lastProgress: ChatEvent | undefined;
  while (!signal.aborted) {
    // Registered before looking, so that no change between the two is missed.
    const change = running.nextChange(signal);
    const { queued, progress, text, end } = running;
    if (queued !== undefined && queued !== lastQueued) yield { event: queued };
    if (progress !== undefined && progress !== lastProgress) yield { event: progress };
    lastQueued = queued;
    lastProgress = progress;
    if (text.length > sent) {
      yield deltaOf(message.id, text, sent);
      sent = text.length;
    }
    if (end !== undefined) return yield { id: endEventId, event: end };
    await change;
  }
}

/** The whole of an answer that has ended. */
export function* replayAnswer(message: Message, after: number): Generator<NumberedEvent> {
  yield { event: startOf(message) };
  const text = textOf(message.parts);
  const sent = resumeAt(text, after);
  // A reader that has more than was saved is told so by a delta at 0, even if there is nothing to say.
  if (text.length > sent || after > text.length) yield deltaOf(message.id, text, sent);
  yield { id: endEventId, event: endOf(message) };
}

/** The last event of an answer that has ended. */
function endOf(message: Message): ChatEvent {
  if (message.status === "failed") {
    const { code, message: text } = message.error ?? { code: "internal", message: "internal: the answer failed" };
    return { type: "error", messageId: message.id, code, message: text };
  }
  return {
    type: "message-end",
    messageId: message.id,
    status: message.status === "streaming" ? "interrupted" : message.status,
    reason: message.endReason,
    usage: message.usage,
    tokensPerSecond: message.tokensPerSecond,
  };
}

function startOf({ id, conversationId, parentId, model, createdAt }: Message): ChatEvent {
  return { type: "message-start", messageId: id, conversationId, parentId, model, createdAt };
}

function deltaOf(messageId: string, text: string, offset: number): NumberedEvent {
  return { id: String(text.length), event: { type: "text-delta", messageId, offset, text: text.slice(offset) } };
}

/** Never between the halves of a surrogate pair. */
function resumeAt(text: string, after: number): number {
  if (after > text.length) return 0;
  const isInsidePair = after > 0 && after < text.length && (text.codePointAt(after - 1) ?? 0) > 0xffff;
  return isInsidePair ? after - 1 : after;
}
