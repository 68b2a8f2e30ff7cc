/**
 * Learns a byte-level BPE vocabulary from text. Words are counted once, as documents stream by; each merge then touches only
 * the words that hold its pair. The merges equal those of Hugging Face's BpeTrainer on the same text (tests compare them).
 *
 * @see Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2019 for bytes as the alphabet
 */
import { alphabetTextOfBytes, bytesInAlphabetOrder, bytesOfAlphabetText } from "./byte-alphabet.ts";
import { defaultDecoder, defaultPreTokenizer, defaultSpecialTokens, type SpecialTokenOption } from "./defaults.ts";
import { TokenizerInputError } from "./errors.ts";
import { PairQueue, PairStatistics } from "./pair-statistics.ts";
import { readPreTokenizer } from "./pre-tokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";
import { writeUtf8 } from "./utf8.ts";
import { grown, WordTable } from "./word-table.ts";

export type TrainingProgress =
  | { readonly stage: "counting"; readonly documents: number; readonly characters: number; readonly words: number }
  | { readonly stage: "merging"; readonly tokens: number; readonly ofTokens: number };

export interface TrainOptions {
  /** Number of tokens, the 256 bytes and the special tokens included. */
  readonly vocabularySize: number;
  /** Default: ChatML's control tokens, thoughts, tools and some spare ones. They get the last ids. */
  readonly specialTokens?: readonly SpecialTokenOption[];
  /** The `pre_tokenizer` of the tokenizer.json to make. */
  readonly preTokenizer?: unknown;
  /** Most Han characters in one token. Longer ones are phrases of one source: “谢谢你的建议”. Default 4. */
  readonly longestHan?: number;
  /** Pairs that occur less often do not merge. Default 2. */
  readonly minimumCount?: number;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
}

/** Longest that the event loop waits, in milliseconds. */
const TURN_MS = 50;

/**
 * @param documents texts; words do not cross from one to the next. Equal documents in any order give the same tokenizer
 * @returns a tokenizer of at most `vocabularySize` tokens; fewer if the text has no more pairs to merge
 * @throws {TokenizerInputError} if the vocabulary has no room for the 256 bytes and the special tokens, or there is no text
 */
export async function trainTokenizer(
  documents: AsyncIterable<string> | Iterable<string>,
  options: TrainOptions,
): Promise<Tokenizer> {
  const specialTokens = options.specialTokens ?? defaultSpecialTokens;
  const preTokenizer = options.preTokenizer ?? defaultPreTokenizer;
  checkSize(options.vocabularySize, specialTokens.length);
  const counted = await countWords(documents, preTokenizer, options);
  const { tokens, lefts, rights, results } = await mergePairs(
    counted,
    options.vocabularySize - specialTokens.length,
    options,
  );
  return new Tokenizer({
    normalizer: null,
    preTokenizer,
    postProcessor: null,
    decoder: defaultDecoder,
    vocabulary: new Map(tokens.map((token, id) => [token, id])),
    mergeLefts: Int32Array.from(lefts),
    mergeRights: Int32Array.from(rights),
    mergeResults: Int32Array.from(results),
    ignoresMerges: false,
    unknownToken: undefined,
    addedTokens: specialTokens.map(({ content, special }, i) => ({
      id: tokens.length + i,
      content,
      special,
      normalized: false,
      lstrip: false,
      rstrip: false,
      singleWord: false,
    })),
  });
}

function checkSize(vocabularySize: number, specials: number): void {
  const least = 256 + specials;
  if (Number.isInteger(vocabularySize) && vocabularySize >= least && vocabularySize <= 1_000_000) return;
  throw new TokenizerInputError({
    where: "tokenizer training vocabularySize",
    found: String(vocabularySize),
    expected: `a whole number from ${least} (256 bytes and ${specials} special tokens) to 1000000`,
    fix: "choose a larger vocabulary, such as 16384",
  });
}

/** The corpus as different words: bytes as ids in alphabet order, and how often each word occurs. */
interface CountedWords {
  /** Ids of all words, one after the other; merging shortens a word in place. */
  readonly symbols: Int32Array;
  readonly starts: Uint32Array;
  readonly lengths: Int32Array;
  readonly counts: Float64Array;
  readonly size: number;
}

async function countWords(
  documents: AsyncIterable<string> | Iterable<string>,
  preTokenizer: unknown,
  { onProgress, signal }: TrainOptions,
): Promise<CountedWords> {
  const { split } = readPreTokenizer(preTokenizer);
  const words = new WordTable();
  let counts = new Float64Array(1 << 12);
  const count = (text: string, start: number, end: number): void => {
    const index = words.findOrAdd(text, start, end);
    if (index >= counts.length) counts = grown(counts, Float64Array, index + 1);
    counts[index]! += 1;
  };
  let documentCount = 0;
  let characters = 0;
  let turnEnds = performance.now() + TURN_MS;
  for await (const document of documents) {
    split(document, count);
    documentCount++;
    characters += document.length;
    if (performance.now() < turnEnds) continue;
    onProgress?.({ stage: "counting", documents: documentCount, characters, words: words.size });
    turnEnds = await nextTurn(signal);
  }
  if (words.size === 0) {
    throw new TokenizerInputError({
      where: "tokenizer training",
      found: `${documentCount} documents without any text`,
      expected: "text to learn from",
      fix: "check the path and the format of the training data",
    });
  }
  return wordsAsBytes(words, counts);
}

function wordsAsBytes(words: WordTable, counts: Float64Array): CountedWords {
  const idOfByte = new Uint8Array(256);
  for (const [id, byte] of bytesInAlphabetOrder.entries()) idOfByte[byte] = id;
  const { size } = words;
  const starts = new Uint32Array(size);
  const lengths = new Int32Array(size);
  let symbols = new Int32Array(words.starts[size]! * 2);
  let used = 0;
  let bytes = new Uint8Array(1024);
  for (let word = 0; word < size; word++) {
    const units = words.units.subarray(words.starts[word]!, words.starts[word + 1]!);
    if (units.length * 3 > bytes.length) bytes = new Uint8Array(units.length * 6);
    const length = writeUtf8(textOfUnits(units), 0, units.length, bytes);
    if (used + length > symbols.length) symbols = grown(symbols, Int32Array, used + length);
    for (let i = 0; i < length; i++) symbols[used + i] = idOfByte[bytes[i]!]!;
    starts[word] = used;
    lengths[word] = length;
    used += length;
  }
  return { symbols, starts, lengths, counts, size };
}

/** In pieces, because a word may be longer than a call may have arguments. */
function textOfUnits(units: Uint16Array): string {
  let text = "";
  for (let i = 0; i < units.length; i += 4096) text += String.fromCharCode(...units.subarray(i, i + 4096));
  return text;
}

interface Merges {
  /** Tokens by id, in the byte alphabet. */
  readonly tokens: string[];
  readonly lefts: number[];
  readonly rights: number[];
  readonly results: number[];
}

async function mergePairs(words: CountedWords, vocabularySize: number, options: TrainOptions): Promise<Merges> {
  const { onProgress, signal, minimumCount = 2, longestHan = 4 } = options;
  const tokens = Array.from(bytesInAlphabetOrder, (byte) => alphabetTextOfBytes(Uint8Array.of(byte)));
  const idOfToken = new Map(tokens.map((token, id) => [token, id]));
  const merges: Merges = { tokens, lefts: [], rights: [], results: [] };
  const statistics = countPairs(words);
  const queue = new PairQueue(statistics);
  for (const pair of statistics.fileOccurrences()) queue.push(pair);
  let turnEnds = performance.now() + TURN_MS;
  while (tokens.length < vocabularySize) {
    const pair = queue.pop();
    if (pair < 0 || statistics.counts[pair]! < minimumCount) break;
    const left = statistics.lefts[pair]!;
    const right = statistics.rights[pair]!;
    const token = tokens[left]! + tokens[right]!;
    if (hanCharacters(token) > longestHan) continue;
    // "ab" + "c" and "a" + "bc" are the same token, reached by two merges.
    const merged = idOfToken.get(token) ?? tokens.push(token) - 1;
    idOfToken.set(token, merged);
    merges.lefts.push(left);
    merges.rights.push(right);
    merges.results.push(merged);
    for (const word of statistics.wordsOf(pair)) mergeInWord(words, word, left, right, merged, statistics);
    statistics.counts[pair] = 0;
    for (const changed of statistics.fileOccurrences()) queue.push(changed);
    if (performance.now() < turnEnds) continue;
    onProgress?.({ stage: "merging", tokens: tokens.length, ofTokens: vocabularySize });
    turnEnds = await nextTurn(signal);
  }
  return merges;
}

/** @param token in the byte alphabet; characters that are cut off at its ends do not count */
function hanCharacters(token: string): number {
  if (token.length < 3) return 0;
  const text = new TextDecoder().decode(bytesOfAlphabetText(token));
  return text.match(/\p{Script=Han}/gu)?.length ?? 0;
}

function countPairs({ symbols, starts, lengths, counts, size }: CountedWords): PairStatistics {
  const statistics = new PairStatistics();
  for (let word = 0; word < size; word++) {
    const start = starts[word]!;
    const end = start + lengths[word]!;
    for (let i = start; i + 1 < end; i++) {
      statistics.increase(statistics.indexOf(symbols[i]!, symbols[i + 1]!), counts[word]!, word);
    }
  }
  return statistics;
}

/** Replaces left, right by merged throughout one word, and moves its neighbours' counts to the pairs that they now form. */
function mergeInWord(
  { symbols, starts, lengths, counts }: CountedWords,
  word: number,
  left: number,
  right: number,
  merged: number,
  statistics: PairStatistics,
): void {
  const start = starts[word]!;
  const end = start + lengths[word]!;
  const count = counts[word]!;
  let write = start;
  for (let read = start; read < end; read++) {
    const symbol = symbols[read]!;
    if (symbol !== left || read + 1 >= end || symbols[read + 1] !== right) {
      symbols[write++] = symbol;
      continue;
    }
    if (write > start) {
      const before = symbols[write - 1]!;
      statistics.counts[statistics.indexOf(before, left)]! -= count;
      statistics.increase(statistics.indexOf(before, merged), count, word);
    }
    if (read + 2 < end) {
      const after = symbols[read + 2]!;
      statistics.counts[statistics.indexOf(right, after)]! -= count;
      statistics.increase(statistics.indexOf(merged, after), count, word);
    }
    symbols[write++] = merged;
    read++;
  }
  lengths[word] = write - start;
}

/** Lets the event loop turn. @returns when the next turn is due */
async function nextTurn(signal: AbortSignal | undefined): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
  return performance.now() + TURN_MS;
}
