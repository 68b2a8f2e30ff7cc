/**
 * Tokens that stand beside the byte pairs: control tokens such as <|im_end|>, and words that somebody added. They are found
 * in text before anything else looks at it, in the way of Hugging Face's AddedVocabulary.
 */
import type { Normalizer } from "./normalizer.ts";

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out when decoding with skipSpecial. */
  readonly special: boolean;
  /** Found in normalised text instead of raw text. */
  readonly normalized: boolean;
  /** Takes the whitespace before it, after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** Not found inside of a word. */
  readonly singleWord: boolean;
}

/** Which added tokens text may turn into: all, none, or the ones with these contents. */
export type AllowSpecial = boolean | readonly string[];

/**
 * Whether a token steers a model rather than spelling text. `special` alone does not tell: Qwen3's <think> and
 * <tool_response> are not special, yet a person who types them must not open or close a thought. So everything in
 * brackets counts as well.
 */
export function isControlToken({ special, content }: Pick<AddedToken, "special" | "content">): boolean {
  return special || /^[<[].*[>\]]$/s.test(content);
}

/** A stretch of text between added tokens (id undefined), or one of them with the whitespace it takes: text[start, end). */
export interface Segment {
  readonly id: number | undefined;
  readonly start: number;
  readonly end: number;
}

/** Finds one set of added tokens; leftmost first, longest first among those that start together. */
export class AddedTokenFinder {
  private readonly pattern: RegExp | undefined;
  private readonly byContent: ReadonlyMap<string, AddedToken>;

  constructor(tokens: readonly AddedToken[], normalize: Normalizer | undefined) {
    const contentOf = (token: AddedToken) =>
      token.normalized && normalize !== undefined ? normalize(token.content) : token.content;
    this.byContent = new Map(tokens.map((token) => [contentOf(token), token]));
    const contents = [...this.byContent.keys()].filter((content) => content.length > 0);
    contents.sort((a, b) => b.length - a.length);
    const escaped = contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.pattern = escaped.length === 0 ? undefined : new RegExp(escaped.join("|"), "g");
  }

  /** Segments of `text`, in order, without gaps. */
  find(text: string): Segment[] {
    const segments: Segment[] = [];
    let start = 0;
    for (const match of this.pattern === undefined ? [] : text.matchAll(this.pattern)) {
      const token = this.byContent.get(match[0])!;
      const matchEnd = match.index + match[0].length;
      if (match.index < start) continue;
      if (token.singleWord && !isWordAlone(text, match.index, matchEnd)) continue;
      let from = match.index;
      let to = matchEnd;
      if (token.lstrip) while (from > start && isWhitespace(text[from - 1]!)) from--;
      if (token.rstrip) while (to < text.length && isWhitespace(text[to]!)) to++;
      if (from > start) segments.push({ id: undefined, start, end: from });
      segments.push({ id: token.id, start: from, end: to });
      start = to;
    }
    if (start < text.length) segments.push({ id: undefined, start, end: text.length });
    return segments;
  }
}

function isWhitespace(char: string): boolean {
  return /\p{White_Space}/u.test(char);
}

const wordBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordAfter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

function isWordAlone(text: string, start: number, end: number): boolean {
  return !wordBefore.test(text.slice(Math.max(0, start - 2), start)) && !wordAfter.test(text.slice(end, end + 2));
}
