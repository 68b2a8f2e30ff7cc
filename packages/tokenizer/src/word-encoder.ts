/** Words to ids: byte-pair merging behind a memory of the words seen so far. */
import { TokenizerInputError } from "./errors.ts";
import type { MergeTable } from "./merge-table.ts";
import { writeUtf8 } from "./utf8.ts";
import { grown, WordTable } from "./word-table.ts";

/** Ids of a text while it is being encoded. */
export class IdBuffer {
  ids: Int32Array = new Int32Array(1024);
  length = 0;

  push(id: number): void {
    if (this.length === this.ids.length) this.ids = grown(this.ids, Int32Array, 0);
    this.ids[this.length++] = id;
  }

  append(source: Int32Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.ids.length) this.ids = grown(this.ids, Int32Array, needed);
    // Words have few ids: a loop beats the call of set(subarray()).
    for (let i = start; i < end; i++) this.ids[this.length++] = source[i]!;
  }

  /** A copy that stays as it is. */
  take(): Int32Array {
    return this.ids.slice(0, this.length);
  }
}

/** Longer words are rare and rarely come twice. */
const LONGEST_REMEMBERED = 64;
/** About 64 MB at the usual word's length. */
const MOST_REMEMBERED = 1 << 20;

export interface WordEncoderParts {
  readonly merges: MergeTable;
  /** Token id of each single byte; -1 where the vocabulary has none. */
  readonly idOfByte: Int32Array;
  /** Stands in for bytes without a token; undefined: they are left out of texts, and refused in bytes. */
  readonly unknownId: number | undefined;
  /** Whole words that skip merging; undefined unless the tokenizer ignores merges. */
  readonly wholeWords: ReadonlyMap<string, number> | undefined;
}

export class WordEncoder {
  private readonly parts: WordEncoderParts;
  private readonly words = new WordTable();
  /** Ids of remembered word i: idArena[idStarts[i], idStarts[i + 1]). */
  private idArena = new Int32Array(1 << 14);
  private idStarts = new Uint32Array(1 << 12);
  private bytes = new Uint8Array(1024);
  private ids = new Int32Array(1024);

  constructor(parts: WordEncoderParts) {
    this.parts = parts;
  }

  /** Appends the ids of the word text[start, end). */
  encode(text: string, start: number, end: number, target: IdBuffer): void {
    if (end - start > LONGEST_REMEMBERED) {
      const length = this.mergeWord(text, start, end);
      target.append(this.ids, 0, length);
      return;
    }
    if (this.words.size === MOST_REMEMBERED) this.words.clear();
    const { size } = this.words;
    const index = this.words.findOrAdd(text, start, end);
    if (index === size) this.remember(index, text, start, end);
    target.append(this.idArena, this.idStarts[index]!, this.idStarts[index + 1]!);
  }

  /** Appends the ids of bytes[start, end) as one word. */
  encodeBytes(bytes: Uint8Array, start: number, end: number, target: IdBuffer): void {
    this.reserve(end - start);
    this.bytes.set(bytes.subarray(start, end));
    const length = this.mergeBytes(end - start);
    target.append(this.ids, 0, length);
  }

  /** @throws {TokenizerInputError} if the vocabulary lacks one of these bytes, so that they would not come back */
  checkKnows(bytes: Uint8Array): void {
    const missing = bytes.find((byte) => this.parts.idOfByte[byte]! < 0);
    if (missing !== undefined) throw this.unknownByte(missing);
  }

  private remember(index: number, text: string, start: number, end: number): void {
    const length = this.mergeWord(text, start, end);
    const from = index === 0 ? 0 : this.idStarts[index]!;
    if (index + 2 > this.idStarts.length) this.idStarts = grown(this.idStarts, Uint32Array, index + 2);
    if (from + length > this.idArena.length) this.idArena = grown(this.idArena, Int32Array, from + length);
    for (let i = 0; i < length; i++) this.idArena[from + i] = this.ids[i]!;
    this.idStarts[index] = from;
    this.idStarts[index + 1] = from + length;
  }

  private reserve(byteLength: number): void {
    if (byteLength <= this.bytes.length) return;
    this.bytes = new Uint8Array(byteLength * 2);
    this.ids = new Int32Array(byteLength * 2);
  }

  private mergeWord(text: string, start: number, end: number): number {
    const { wholeWords } = this.parts;
    if (wholeWords !== undefined) {
      const id = wholeWords.get(text.slice(start, end));
      if (id !== undefined) {
        this.ids[0] = id;
        return 1;
      }
    }
    this.reserve((end - start) * 3);
    return this.mergeBytes(writeUtf8(text, start, end, this.bytes));
  }

  private mergeBytes(byteLength: number): number {
    const { idOfByte, unknownId, merges } = this.parts;
    let length = 0;
    for (let i = 0; i < byteLength; i++) {
      const id = idOfByte[this.bytes[i]!]!;
      if (id >= 0) this.ids[length++] = id;
      // SmolLM2 lacks 21 bytes; Hugging Face leaves them out, and the ids are to be the same.
      else if (unknownId !== undefined) this.ids[length++] = unknownId;
    }
    return merges.merge(this.ids, length);
  }

  private unknownByte(byte: number): TokenizerInputError {
    return new TokenizerInputError({
      where: "bytes to encode",
      found: `the byte 0x${byte.toString(16).padStart(2, "0")}, which is no token of this vocabulary`,
      expected: "a vocabulary with a token for each of the 256 bytes",
      fix: "encode text instead, or use a tokenizer with the whole byte alphabet",
    });
  }
}
