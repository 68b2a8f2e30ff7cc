/** Tokens by id: their bytes in one array, and the way back from bytes to id. */
import { TokenizerInputError } from "./errors.ts";

export interface VocabularyEntry {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** Ids may have holes: published vocabularies are sometimes cut or padded. */
export class Vocabulary {
  /** Largest id plus one. */
  readonly size: number;
  /** Bytes of all tokens; token id is bytes[starts[id], starts[id + 1]). */
  private readonly bytes: Uint8Array;
  private readonly starts: Uint32Array;
  private readonly isPresent: Uint8Array;

  constructor(entries: readonly VocabularyEntry[]) {
    this.size = entries.reduce((largest, { id }) => Math.max(largest, id), -1) + 1;
    this.isPresent = new Uint8Array(this.size);
    this.starts = new Uint32Array(this.size + 1);
    for (const { id, bytes } of entries) {
      this.isPresent[id] = 1;
      this.starts[id + 1] = bytes.length;
    }
    for (let id = 0; id < this.size; id++) this.starts[id + 1]! += this.starts[id]!;
    this.bytes = new Uint8Array(this.starts[this.size]!);
    for (const { id, bytes } of entries) this.bytes.set(bytes, this.starts[id]!);
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.size && this.isPresent[id] === 1;
  }

  /** @throws {TokenizerInputError} if no token has this id */
  bytesOf(id: number): Uint8Array {
    if (!this.has(id)) throw this.unknownId(id);
    return this.bytes.subarray(this.starts[id]!, this.starts[id + 1]!);
  }

  /** @throws {TokenizerInputError} if no token has this id */
  lengthOf(id: number): number {
    if (!this.has(id)) throw this.unknownId(id);
    return this.starts[id + 1]! - this.starts[id]!;
  }

  /** Writes the bytes of a token that exists to target[at, …). @returns where the next one goes */
  copyTo(target: Uint8Array, at: number, id: number): number {
    const end = this.starts[id + 1]!;
    let to = at;
    for (let from = this.starts[id]!; from < end; from++) target[to++] = this.bytes[from]!;
    return to;
  }

  private unknownId(id: number): TokenizerInputError {
    return new TokenizerInputError({
      where: "token id",
      found: String(id),
      expected: `an id of this vocabulary, from 0 to ${this.size - 1}`,
      fix: "use the tokenizer that made these ids",
    });
  }
}
