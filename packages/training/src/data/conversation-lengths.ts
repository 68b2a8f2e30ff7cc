/** How much of each conversation is read when rows have `time` tokens: a long one is cut after an answer. */

import type { DocumentList } from "./document-list.ts";

export interface ConversationLengths {
  /** Inputs of each document, at most `time`; 0: nothing to learn within `time`. */
  readonly lengths: Uint32Array;
  /** Conversations that lost later turns. */
  readonly cutAtTurn: number;
  /** Conversations whose first answer is too long and was cut in its middle. */
  readonly truncated: number;
  /** Conversations whose first answer begins beyond `time`. */
  readonly leftOut: number;
}

/** @param time inputs per row */
export function conversationLengths(list: DocumentList, time: number): ConversationLengths {
  const lengths = new Uint32Array(list.count);
  const marks = new Uint8Array(time + 1);
  const counts = { cutAtTurn: 0, truncated: 0, leftOut: 0 };
  for (let document = 0; document < list.count; document++) {
    const inputs = list.length(document) - 1;
    if (inputs <= time) {
      lengths[document] = inputs;
      continue;
    }
    list.readAnswers(document, 0, time + 1, marks);
    const answerEnd = lastAnswerEnd(marks);
    if (answerEnd !== undefined) {
      // The answer's last id is a target, so the inputs end one before it.
      lengths[document] = answerEnd - 1;
      counts.cutAtTurn += 1;
    } else if (marks.indexOf(1, 1) >= 0) {
      lengths[document] = time;
      counts.truncated += 1;
    } else counts.leftOut += 1;
  }
  return { lengths, ...counts };
}

/** Index after the last answer that ends within the marks; undefined when none does. */
function lastAnswerEnd(marks: Uint8Array): number | undefined {
  for (let index = marks.length - 1; index > 1; index--) {
    if (marks[index] === 0 && marks[index - 1] === 1) return index;
  }
  return undefined;
}
