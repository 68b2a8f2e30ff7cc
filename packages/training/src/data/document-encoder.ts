/** From a record of a data file to the ids that a model learns: what the tokenizer must offer, and the two kinds of data. */

import { createHash } from "node:crypto";
import type { ConversationRecord, Message, TextRecord } from "./record.ts";

export interface EncodedDocument {
  /** Token ids; each but the first is predicted from those before it. */
  readonly ids: ArrayLike<number>;
  /** 1 where the token belongs to an assistant's answer, as long as `ids`. Absent: every token is learnt. */
  readonly isAnswer?: ArrayLike<number>;
  /** UTF-8 bytes that the learnt tokens stand for, for bits per byte. */
  readonly bytes: number;
}

interface Encoder {
  /** Of everything that decides the ids: tokenizer, template, options. Part of the shards' key. */
  readonly hash: string;
  /** Ids are below it. */
  readonly vocabularySize: number;
}

export interface TextDocumentEncoder extends Encoder {
  readonly kind: "text";
  encode(record: TextRecord): EncodedDocument;
}

export interface ConversationDocumentEncoder extends Encoder {
  readonly kind: "conversation";
  encode(record: ConversationRecord): EncodedDocument;
}

export type DocumentEncoder = TextDocumentEncoder | ConversationDocumentEncoder;

/**
 * Documents for pretraining: end-of-text, the text, end-of-text. The first mark lets the model predict a beginning, so
 * that every byte of the text is predicted; the last teaches it to stop.
 *
 *   "Hi" → ids [0, 39, 72, 0], bytes 2
 *
 * @param tokenizer.encode without special tokens of its own
 * @param tokenizer.hash   of the tokenizer's files
 */
export function textDocuments(tokenizer: {
  readonly vocabularySize: number;
  readonly hash: string;
  readonly endOfTextId: number;
  encode(text: string): ArrayLike<number>;
}): TextDocumentEncoder {
  return {
    kind: "text",
    vocabularySize: tokenizer.vocabularySize,
    hash: hashOf("text 1", tokenizer.hash, String(tokenizer.endOfTextId)),
    encode({ text }) {
      const inner = tokenizer.encode(text);
      const ids = new Uint32Array(inner.length + 2);
      ids[0] = tokenizer.endOfTextId;
      ids.set(inner, 1);
      ids[ids.length - 1] = tokenizer.endOfTextId;
      return { ids, bytes: Buffer.byteLength(text, "utf8") };
    },
  };
}

/**
 * Documents for supervised fine-tuning: a conversation as the template renders it, with the assistant's tokens marked.
 *
 * @param renderer.render the one renderer that serving uses too
 * @param renderer.hash   of tokenizer and template
 */
export function conversationDocuments(renderer: {
  readonly vocabularySize: number;
  readonly hash: string;
  render(messages: readonly Message[]): { readonly ids: ArrayLike<number>; readonly isAnswer: ArrayLike<number> };
}): ConversationDocumentEncoder {
  return {
    kind: "conversation",
    vocabularySize: renderer.vocabularySize,
    hash: hashOf("conversation 1", renderer.hash),
    encode({ messages }) {
      const { ids, isAnswer } = renderer.render(messages);
      const answers = messages.filter(({ role }) => role === "assistant");
      return {
        ids,
        isAnswer,
        bytes: answers.reduce((sum, { content }) => sum + Buffer.byteLength(content, "utf8"), 0),
      };
    },
  };
}

function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
