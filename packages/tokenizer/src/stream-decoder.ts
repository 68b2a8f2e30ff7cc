/** Text from ids as they arrive. A character's bytes may be spread over several tokens; it comes out with its last one. */
import type { Tokenizer } from "./tokenizer.ts";

/**
 * All that `push` and `flush` return, joined, equals `decode` of the same ids.
 *
 * ```ts
 * const stream = tokenizer.streamDecoder();
 * stream.push(158); // "" : 你 is the bytes e4 bd a0, and only the first has come
 * ```
 */
export class StreamDecoder {
  private readonly tokenizer: Tokenizer;
  private readonly skipsSpecial: boolean;
  private utf8 = newDecoder();

  constructor(tokenizer: Tokenizer, options: { readonly skipSpecial?: boolean } = {}) {
    this.tokenizer = tokenizer;
    this.skipsSpecial = options.skipSpecial ?? false;
  }

  /**
   * @returns the text that is certain now; "" while a character is incomplete
   * @throws {TokenizerInputError} for an id that is not in the vocabulary
   */
  push(id: number): string {
    if (this.skipsSpecial && this.tokenizer.isSpecial(id)) return "";
    return this.utf8.decode(this.tokenizer.bytesOf(id), { stream: true });
  }

  /** What is left at the end: "" or "\ufffd" for a character that never became complete. The decoder is as new afterwards. */
  flush(): string {
    const rest = this.utf8.decode();
    this.utf8 = newDecoder();
    return rest;
  }
}

/** A byte order mark is text like any other here. */
export function newDecoder(): TextDecoder {
  return new TextDecoder("utf-8", { ignoreBOM: true });
}
