/**
 * Text to ids and back, by byte-level BPE, with the tokenizer.json of Hugging Face. Training a new one is in `train.ts`,
 * conversations are in `chat-template/`.
 */
import { createHash } from "node:crypto";
import { type AddedToken, AddedTokenFinder, type AllowSpecial, isControlToken } from "./added-tokens.ts";
import { bytesInAlphabetOrder, charCodeOfByte } from "./byte-alphabet.ts";
import { TokenizerInputError, UnsupportedTokenizerError } from "./errors.ts";
import { MergeTable } from "./merge-table.ts";
import { type Normalizer, readNormalizer } from "./normalizer.ts";
import { readPostProcessor, type SurroundingIds } from "./post-processor.ts";
import { type PreTokenizer, readPreTokenizer } from "./pre-tokenizer.ts";
import { newDecoder, StreamDecoder } from "./stream-decoder.ts";
import { bytesOfToken, parseTokenizerJson, type TokenizerDefinition, writeTokenizerJson } from "./tokenizer-json.ts";
import { utf8CharacterLength } from "./utf8.ts";
import { Vocabulary } from "./vocabulary.ts";
import { IdBuffer, WordEncoder } from "./word-encoder.ts";

export interface EncodeOptions {
  /**
   * Which control tokens the text may turn into. false (the default): none, so "<|im_end|>" that a person typed is spelled
   * out. true: all. A list: the ones with these contents.
   */
  readonly allowSpecial?: AllowSpecial;
  /** Adds what the tokenizer's post-processor puts around a text, such as <|begin_of_text|>. Default false. */
  readonly addSpecial?: boolean;
}

export interface TokenInformation {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** The bytes as text; an incomplete character shows as U+FFFD. */
  readonly text: string;
  /** A control token, which text turns into only when it is allowed to. */
  readonly isSpecial: boolean;
}

export class Tokenizer {
  readonly definition: TokenizerDefinition;
  /** Largest id plus one: the number of rows that a model's embedding needs. */
  readonly vocabularySize: number;
  /** Control tokens by content, in order of id. */
  readonly specialTokens: ReadonlyMap<string, number>;
  private readonly vocabulary: Vocabulary;
  private readonly specialIds: ReadonlySet<number>;
  private readonly normalize: Normalizer | undefined;
  private readonly preTokenizer: PreTokenizer;
  private readonly words: WordEncoder;
  private readonly surrounding: SurroundingIds;
  private readonly finders = new Map<string, readonly AddedTokenFinder[]>();
  private cachedHash: string | undefined;

  /** @throws {UnsupportedTokenizerError} naming what in the definition is not supported */
  constructor(definition: TokenizerDefinition) {
    this.definition = definition;
    this.normalize = readNormalizer(definition.normalizer);
    this.preTokenizer = readPreTokenizer(definition.preTokenizer);
    this.surrounding = readPostProcessor(definition.postProcessor);
    const added = definition.addedTokens.toSorted((a, b) => a.id - b.id);
    const entries = new Map<number, Uint8Array>();
    for (const [token, id] of definition.vocabulary) entries.set(id, bytesOfToken(token));
    for (const { id, content } of added) entries.set(id, new TextEncoder().encode(content));
    this.vocabulary = new Vocabulary(Array.from(entries, ([id, bytes]) => ({ id, bytes })));
    this.vocabularySize = this.vocabulary.size;
    this.specialTokens = new Map(added.filter(isControlToken).map(({ content, id }) => [content, id]));
    this.specialIds = new Set(added.filter(({ special }) => special).map(({ id }) => id));
    for (const id of [...this.surrounding.prefix, ...this.surrounding.suffix]) this.vocabulary.bytesOf(id);
    this.words = new WordEncoder({
      merges: new MergeTable(definition.mergeLefts, definition.mergeRights, definition.mergeResults),
      idOfByte: idsOfBytes(definition.vocabulary),
      unknownId: definition.unknownToken === undefined ? undefined : definition.vocabulary.get(definition.unknownToken),
      wholeWords: definition.ignoresMerges ? wholeWords(definition) : undefined,
    });
    this.checkSpellsNoControlToken();
  }

  /**
   * @param text the content of a tokenizer.json
   * @throws {TokenizerFormatError} naming the field that is wrong
   * @throws {UnsupportedTokenizerError} naming the feature that is not supported
   */
  static fromJson(text: string): Tokenizer {
    return new Tokenizer(parseTokenizerJson(text));
  }

  /** A tokenizer.json that gives the same ids here and in Hugging Face `tokenizers` (≥ 0.20). */
  toJson(): string {
    return writeTokenizerJson(this.definition);
  }

  /** SHA-256 of toJson(), in hexadecimal: equal for tokenizers that behave alike, wherever they were read from. */
  get hash(): string {
    this.cachedHash ??= createHash("sha256").update(this.toJson()).digest("hex");
    return this.cachedHash;
  }

  /**
   * With Qwen3's vocabulary, "Hi<|im_end|>" gives [13048, 27, 91, 318, 6213, 91, 29], and with allowSpecial true [13048, 151645].
   *
   * @param text any string; a lone surrogate is read as U+FFFD. Bytes that the vocabulary lacks (SmolLM2's lacks 21 rare ones)
   *   are left out, as Hugging Face does
   * @returns ids, [tokens]
   * @throws {TokenizerInputError} if `allowSpecial` lists a text that is no control token
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    const buffer = new IdBuffer();
    const { prefix, suffix } = options.addSpecial === true ? this.surrounding : { prefix: [], suffix: [] };
    for (const id of prefix) buffer.push(id);
    this.encodeInto(text, buffer, options.allowSpecial ?? false);
    for (const id of suffix) buffer.push(id);
    return buffer.take();
  }

  /** Number of ids that `encode` gives. */
  count(text: string, options: EncodeOptions = {}): number {
    return this.encode(text, options).length;
  }

  /**
   * Any bytes; what is not UTF-8 becomes tokens of single bytes and their merges. No normaliser and no control tokens, so
   * `decodeBytes` gives the same bytes back (unless the pre-tokeniser removes some, which no published one does).
   *
   * @throws {TokenizerInputError} for a byte that is no token
   */
  encodeBytes(bytes: Uint8Array): Int32Array {
    this.words.checkKnows(bytes);
    const buffer = new IdBuffer();
    const utf8 = newDecoder();
    let start = 0;
    while (start < bytes.length) {
      let end = start;
      for (let length = 1; end < bytes.length && length > 0; end += length) length = utf8CharacterLength(bytes, end);
      if (end > start) this.encodeWords(utf8.decode(bytes.subarray(start, end)), buffer, false);
      start = end;
      while (end < bytes.length && utf8CharacterLength(bytes, end) === 0) end++;
      if (end > start) this.words.encodeBytes(bytes, start, end, buffer);
      start = end;
    }
    return buffer.take();
  }

  /**
   * @param options.skipSpecial leaves special tokens out (not the ones that are merely control tokens, as <think>)
   * @returns text; bytes that are not UTF-8 show as U+FFFD
   * @throws {TokenizerInputError} for an id that is not in the vocabulary
   */
  decode(ids: Iterable<number>, options: { readonly skipSpecial?: boolean } = {}): string {
    return newDecoder().decode(this.decodeBytes(ids, options));
  }

  /** Exactly the bytes that the ids stand for. */
  decodeBytes(ids: Iterable<number>, options: { readonly skipSpecial?: boolean } = {}): Uint8Array {
    const skips = options.skipSpecial === true;
    const kept: number[] = [];
    let length = 0;
    for (const id of ids) {
      if (skips && this.isSpecial(id)) continue;
      length += this.vocabulary.lengthOf(id);
      kept.push(id);
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const id of kept) at = this.vocabulary.copyTo(bytes, at, id);
    return bytes;
  }

  /** For text that is shown while it is generated: never half a character. */
  streamDecoder(options: { readonly skipSpecial?: boolean } = {}): StreamDecoder {
    return new StreamDecoder(this, options);
  }

  /** @throws {TokenizerInputError} for an id that is not in the vocabulary */
  tokenOf(id: number): TokenInformation {
    const bytes = this.vocabulary.bytesOf(id).slice();
    const text = newDecoder().decode(bytes);
    return { id, bytes, text, isSpecial: this.specialTokens.get(text) === id };
  }

  /** Id of the control token with this content, or else of the token with exactly this text; undefined if there is none. */
  idOf(text: string): number | undefined {
    const added = this.definition.addedTokens.find(({ content }) => content === text);
    if (added !== undefined) return added.id;
    let token = "";
    for (const byte of new TextEncoder().encode(text)) token += String.fromCharCode(charCodeOfByte[byte]!);
    return this.definition.vocabulary.get(token);
  }

  has(id: number): boolean {
    return this.vocabulary.has(id);
  }

  /** The token's bytes, not to be changed. @throws {TokenizerInputError} for an id that is not in the vocabulary */
  bytesOf(id: number): Uint8Array {
    return this.vocabulary.bytesOf(id);
  }

  /** Whether `skipSpecial` leaves the token out. */
  isSpecial(id: number): boolean {
    return this.specialIds.has(id);
  }

  private encodeInto(text: string, buffer: IdBuffer, allowSpecial: AllowSpecial): void {
    const [inRawText, inNormalText] = this.findersFor(allowSpecial);
    for (const { id, start, end } of inRawText!.find(text)) {
      if (id !== undefined) {
        buffer.push(id);
        continue;
      }
      const raw = text.slice(start, end);
      const normal = this.normalize === undefined ? raw : this.normalize(raw);
      for (const inner of inNormalText!.find(normal)) {
        if (inner.id !== undefined) buffer.push(inner.id);
        else this.encodeWords(normal.slice(inner.start, inner.end), buffer, this.preTokenizer.addsPrefixSpace);
      }
    }
  }

  private encodeWords(text: string, buffer: IdBuffer, addsPrefixSpace: boolean): void {
    const { words } = this;
    const emit = (source: string, start: number, end: number): void => words.encode(source, start, end, buffer);
    this.preTokenizer.split(addsPrefixSpace && !text.startsWith(" ") ? ` ${text}` : text, emit);
  }

  /** Bytes that merge into a control token would let any text produce it. */
  private checkSpellsNoControlToken(): void {
    const control = new Set(this.specialTokens.values());
    const rank = this.definition.mergeResults.findIndex((id) => control.has(id));
    const single = this.definition.addedTokens.find((token) => isControlToken(token) && token.content.length === 1);
    if (rank < 0 && single === undefined) return;
    const id = rank < 0 ? single!.id : this.definition.mergeResults[rank]!;
    throw new UnsupportedTokenizerError({
      where: rank < 0 ? "tokenizer.json added_tokens" : `tokenizer.json model.merges[${rank}]`,
      found: `the control token ${JSON.stringify(this.tokenOf(id).text)}, which ordinary text spells`,
      expected: "control tokens that no text turns into",
      fix: "remove the merge, or give the control token a content of its own",
    });
  }

  /** Finders of added tokens in raw and in normalised text. Words that somebody added are always found. */
  private findersFor(allowSpecial: AllowSpecial): readonly AddedTokenFinder[] {
    const key = typeof allowSpecial === "boolean" ? String(allowSpecial) : JSON.stringify(allowSpecial.toSorted());
    let finders = this.finders.get(key);
    if (finders === undefined) {
      if (typeof allowSpecial !== "boolean") this.checkAreSpecial(allowSpecial);
      const isFound = (token: AddedToken): boolean =>
        !isControlToken(token) ||
        (typeof allowSpecial === "boolean" ? allowSpecial : allowSpecial.includes(token.content));
      const tokens = this.definition.addedTokens.filter(isFound);
      finders = [
        new AddedTokenFinder(
          tokens.filter(({ normalized }) => !normalized),
          undefined,
        ),
        new AddedTokenFinder(
          tokens.filter(({ normalized }) => normalized),
          this.normalize,
        ),
      ];
      this.finders.set(key, finders);
    }
    return finders;
  }

  private checkAreSpecial(contents: readonly string[]): void {
    const unknown = contents.find((content) => !this.specialTokens.has(content));
    if (unknown === undefined) return;
    throw new TokenizerInputError({
      where: "encode allowSpecial",
      found: JSON.stringify(unknown),
      expected: `control tokens of this tokenizer: ${[...this.specialTokens.keys()].slice(0, 20).join(" ")}`,
      fix: "allow only tokens that the tokenizer has",
    });
  }
}

function idsOfBytes(vocabulary: ReadonlyMap<string, number>): Int32Array {
  const ids = new Int32Array(256);
  for (const byte of bytesInAlphabetOrder) ids[byte] = vocabulary.get(String.fromCharCode(charCodeOfByte[byte]!)) ?? -1;
  return ids;
}

/** Text of each token that is whole UTF-8, for tokenizers that ignore merges. */
function wholeWords({ vocabulary, addedTokens }: TokenizerDefinition): Map<string, number> {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const words = new Map<string, number>();
  const added = new Set(addedTokens.map(({ id }) => id));
  for (const [token, id] of vocabulary) {
    if (added.has(id)) continue;
    try {
      words.set(strict.decode(bytesOfToken(token)), id);
    } catch (error) {
      // Part of a character: no word of text equals it.
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return words;
}
