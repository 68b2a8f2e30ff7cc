/** What the engine needs of a tokenizer and a chat template; `folder-codec.ts` makes it from a model folder. */
import type { ChatMessage } from "./chat-engine.ts";

export interface TextDecoder {
  /** Text that is complete with this token: whole characters, perhaps none. */
  push(token: number): string;
  /** What is left of a cut character, as U+FFFD; usually nothing. */
  flush(): string;
}

export interface TextCodec {
  /** Ids are below it. */
  readonly vocabularySize: number;
  /** Bytes of the longest token, for a bound on how few tokens a text can have. */
  readonly longestTokenBytes: number;
  /** Tokens that end an answer: end of text, end of turn. */
  readonly endTokens: ReadonlySet<number>;
  /**
   * Tokens of a conversation up to and including the opening of the assistant's answer. Text in messages never
   * becomes a special token.
   *
   * @throws {ModelRefusedError} when the model has no chat template
   */
  encodeChat(messages: readonly ChatMessage[]): number[];
  /** Tokens of raw text, special tokens written out in it included; never none: an empty text gives the start token. */
  encodeText(text: string): number[];
  createDecoder(): TextDecoder;
  tokenBytes(token: number): Uint8Array;
}
