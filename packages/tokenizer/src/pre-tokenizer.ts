/**
 * The `pre_tokenizer` of tokenizer.json: cuts text into words that merges never cross. Words are ranges of the text they
 * came from, so that the encoder can look them up without making substrings.
 */
import { UnsupportedTokenizerError } from "./errors.ts";
import { asArray, asBoolean, asObject, asString, type JsonObject, wrong } from "./json-checks.ts";
import { patternSource } from "./normalizer.ts";
import { convertPattern } from "./oniguruma.ts";

/** Called for each word: text[start, end), never empty. */
export type EmitWord = (text: string, start: number, end: number) => void;

/** Cuts `text` into words, in order. */
export type Splitter = (text: string, emit: EmitWord) => void;

export interface PreTokenizer {
  readonly split: Splitter;
  /** A space goes in front of text that does not begin with one. */
  readonly addsPrefixSpace: boolean;
}

/** GPT-2's pattern, which ByteLevel applies unless use_regex is false. */
const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const DEEPEST_SEQUENCE = 8;

/** @throws {UnsupportedTokenizerError} naming a type other than Split, Digits, ByteLevel or a Sequence that ends in ByteLevel */
export function readPreTokenizer(config: unknown): PreTokenizer {
  const where = "tokenizer.json pre_tokenizer";
  const steps: Step[] = [];
  if (config !== null && config !== undefined) collect(asObject(config, where), where, steps, 0);
  const last = steps.at(-1);
  if (last?.isByteLevel !== true || steps.filter(({ isByteLevel }) => isByteLevel).length !== 1) {
    throw unsupported(where, steps.length === 0 ? "none" : "one that does not end in a single ByteLevel");
  }
  if (last.addsPrefixSpace && steps.length > 1) {
    throw unsupported(where, "ByteLevel with add_prefix_space after another pre-tokeniser");
  }
  const splitters = steps.map(({ split }) => split).filter((split) => split !== undefined);
  return { split: chain(splitters), addsPrefixSpace: last.addsPrefixSpace };
}

interface Step {
  /** undefined: leaves words as they are */
  readonly split: Splitter | undefined;
  readonly isByteLevel: boolean;
  readonly addsPrefixSpace: boolean;
}

function collect(object: JsonObject, where: string, steps: Step[], depth: number): void {
  const type = asString(object.type, `${where}.type`);
  if (type === "Sequence" && depth < DEEPEST_SEQUENCE) {
    asArray(object.pretokenizers, `${where}.pretokenizers`).forEach((step, i) => {
      const inner = `${where}.pretokenizers[${i}]`;
      collect(asObject(step, inner), inner, steps, depth + 1);
    });
  } else if (type === "Split") {
    steps.push({ split: readSplit(object, where), isByteLevel: false, addsPrefixSpace: false });
  } else if (type === "Digits") {
    const isIndividual = asBoolean(object.individual_digits, `${where}.individual_digits`, false);
    // Rust's char::is_numeric, which Digits asks, is the general category N.
    const split = splitIsolated(isIndividual ? "\\p{N}" : "\\p{N}+");
    steps.push({ split, isByteLevel: false, addsPrefixSpace: false });
  } else if (type === "ByteLevel") {
    const usesRegex = asBoolean(object.use_regex, `${where}.use_regex`, true);
    steps.push({
      split: usesRegex ? splitIsolated(convertPattern(gpt2Pattern, where)) : undefined,
      isByteLevel: true,
      addsPrefixSpace: asBoolean(object.add_prefix_space, `${where}.add_prefix_space`, true),
    });
  } else {
    throw unsupported(where, type);
  }
}

function unsupported(where: string, found: string): UnsupportedTokenizerError {
  return new UnsupportedTokenizerError({
    where,
    found: `the pre-tokeniser ${found}`,
    expected: "Split, Digits and ByteLevel, alone or in a Sequence, the last of them ByteLevel",
    fix: "use a byte-level BPE tokenizer such as GPT-2's, Llama 3's, Qwen's or SmolLM2's",
  });
}

/** Each splitter works on the words of the one before, and sees nothing beyond them: lookahead ends at the word's end. */
function chain(splitters: readonly Splitter[]): Splitter {
  if (splitters.length === 0) return (text, emit) => text.length > 0 && emit(text, 0, text.length);
  return splitters.map(inWindows).reduceRight((rest, first) => (text, emit) => {
    first(text, (whole, start, end) => rest(whole.slice(start, end), emit));
  });
}

/** JavaScript's expressions run out of stack on a word of some million characters: longer words than this are cut. */
const WINDOW = 1 << 19;
/** How far from a window's end a word must end to be certain; patterns look ahead a character or two. */
const MARGIN = 1 << 10;

/**
 * Splits a long text window by window; each begins where the last certain word of the one before ended. A pattern that looks
 * behind (no published one does) sees nothing before a window.
 */
function inWindows(split: Splitter): Splitter {
  return (text, emit) => {
    if (text.length <= WINDOW) {
      split(text, emit);
      return;
    }
    let start = 0;
    while (start < text.length) {
      let end = Math.min(text.length, start + WINDOW);
      // A character of two units stays whole.
      if (end < text.length && text.codePointAt(end - 1)! > 0xffff) end--;
      const window = text.slice(start, end);
      const certain = end === text.length ? window.length : window.length - MARGIN;
      let next = 0;
      let isHeldBack = false;
      split(window, (source, from, to) => {
        isHeldBack ||= to > certain && from > 0;
        if (isHeldBack) return;
        emit(source, from, to);
        next = to;
      });
      start = next === 0 ? end : start + next;
    }
  };
}

function readSplit(object: JsonObject, where: string): Splitter {
  const source = patternSource(object.pattern, `${where}.pattern`);
  const behavior = asString(object.behavior, `${where}.behavior`);
  const isInverted = asBoolean(object.invert, `${where}.invert`, false);
  if (behavior === "Isolated") return splitIsolated(source);
  // Inverting swaps what matches with what lies between; Removed is the only common use ("keep what matches").
  if (behavior === "Removed") return splitWith(source, isInverted, keepUnmatched);
  if (behavior === "MergedWithPrevious") return splitWith(source, isInverted, mergeWithPrevious);
  if (behavior === "MergedWithNext") return splitWith(source, isInverted, mergeWithNext);
  if (behavior === "Contiguous") return splitWith(source, isInverted, mergeContiguous);
  throw wrong(`${where}.behavior`, behavior, "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous");
}

/** Every match is a word, and so is every gap between matches. The common case, and the hot one. */
function splitIsolated(source: string): Splitter {
  // Patterns of language models match at every position: "sticky" tells where a match ends without making a match object.
  const sticky = new RegExp(source, "yv");
  const anywhere = new RegExp(source, "gv");
  return (text, emit) => {
    const { length } = text;
    let start = 0;
    while (start < length) {
      sticky.lastIndex = start;
      if (sticky.test(text) && sticky.lastIndex > start) {
        const end = sticky.lastIndex;
        emit(text, start, end);
        start = end;
        continue;
      }
      // No match here, or an empty one: the gap goes up to the next match, which cuts even if it is empty.
      anywhere.lastIndex = start + (text.codePointAt(start)! > 0xffff ? 2 : 1);
      const next = anywhere.exec(text)?.index ?? length;
      emit(text, start, next);
      start = next;
    }
  };
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

function splitWith(
  source: string,
  isInverted: boolean,
  arrange: (ranges: readonly Range[]) => readonly Range[],
): Splitter {
  const pattern = new RegExp(source, "gv");
  return (text, emit) => {
    const ranges: Range[] = [];
    let start = 0;
    for (const match of text.matchAll(pattern)) {
      // Oniguruma has no empty match where a match has just ended.
      if (match[0].length === 0 && match.index === start && ranges.length > 0) continue;
      if (match.index > start) ranges.push({ start, end: match.index, isMatch: isInverted });
      start = match.index + match[0].length;
      ranges.push({ start: match.index, end: start, isMatch: !isInverted });
    }
    if (start < text.length) ranges.push({ start, end: text.length, isMatch: isInverted });
    for (const range of arrange(ranges)) if (range.end > range.start) emit(text, range.start, range.end);
  };
}

function keepUnmatched(ranges: readonly Range[]): readonly Range[] {
  return ranges.filter(({ isMatch }) => !isMatch);
}

/** A match joins the gap before it; matches in a row stay apart. */
function mergeWithPrevious(ranges: readonly Range[]): readonly Range[] {
  const words: Range[] = [];
  let isPreviousMatch = false;
  for (const range of ranges) {
    const previous = words.at(-1);
    if (range.isMatch && !isPreviousMatch && previous !== undefined)
      words[words.length - 1] = { ...previous, end: range.end };
    else words.push(range);
    isPreviousMatch = range.isMatch;
  }
  return words;
}

/** A match joins the gap after it; matches in a row stay apart. */
function mergeWithNext(ranges: readonly Range[]): readonly Range[] {
  const words: Range[] = [];
  let isNextMatch = false;
  for (const range of ranges.toReversed()) {
    const next = words.at(-1);
    if (range.isMatch && !isNextMatch && next !== undefined) words[words.length - 1] = { ...next, start: range.start };
    else words.push(range);
    isNextMatch = range.isMatch;
  }
  return words.reverse();
}

/** Neighbours of one kind become one word. */
function mergeContiguous(ranges: readonly Range[]): readonly Range[] {
  const words: Range[] = [];
  for (const range of ranges) {
    const previous = words.at(-1);
    if (previous?.isMatch === range.isMatch) words[words.length - 1] = { ...previous, end: range.end };
    else words.push(range);
  }
  return words;
}
