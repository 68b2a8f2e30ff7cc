/**
 * Regular expressions of tokenizer.json, written for Oniguruma, as JavaScript's. The two differ in what \s, \d, \w and dot
 * cover, in scripts' names and in possessive repetition; each difference is translated, and what cannot be is refused by name.
 * A repetition that could take exponential time on hostile text is refused too.
 *
 * @see https://github.com/kkos/oniguruma/blob/master/doc/RE (syntax), ECMA-262 §22.2 (flag "v")
 */
import { quote, TokenizerFormatError, UnsupportedTokenizerError } from "./errors.ts";

/** Longer patterns than any published tokenizer's tenfold. */
const LONGEST_PATTERN = 20_000;
const DEEPEST_GROUP = 12;

// All numbers, where Unicode's own definition has the decimal digits only.
const wordClass = "\\p{Alphabetic}\\p{M}\\p{N}\\p{Pc}";
const classEscapes: Record<string, string> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  w: `[${wordClass}]`,
  W: `[^${wordClass}]`,
};
const controlEscapes: Record<string, string> = {
  n: "\\n",
  r: "\\r",
  t: "\\t",
  f: "\\f",
  v: "\\v",
  a: "\\x07",
  e: "\\x1b",
};
const boundary = (isBoundary: boolean): string => {
  const word = `[${wordClass}]`;
  const inside = `(?<=${word})(?!${word})|(?<!${word})(?=${word})`;
  return isBoundary ? `(?:${inside})` : `(?!${inside})`;
};

/** What a piece of the pattern is, as far as the check for explosive repetition needs it. */
interface Piece {
  readonly source: string;
  /** It matches strings of one length only, in one way. */
  readonly isRigid: boolean;
}

/**
 * @param pattern an Oniguruma (Ruby syntax) pattern
 * @param where   the field it came from, for errors
 * @returns source of an equivalent JavaScript pattern for the flag "v"
 * @throws {UnsupportedTokenizerError} for constructs with no safe equivalent
 * @throws {TokenizerFormatError} for a malformed pattern
 */
export function convertPattern(pattern: string, where: string): string {
  if (pattern.length > LONGEST_PATTERN) {
    throw new UnsupportedTokenizerError({
      where,
      found: `a pattern of ${pattern.length} characters`,
      expected: `at most ${LONGEST_PATTERN}`,
      fix: "use a tokenizer with a shorter pre-tokeniser pattern",
    });
  }
  const source = new PatternReader(pattern, where).read();
  try {
    new RegExp(source, "v");
  } catch (error) {
    throw new TokenizerFormatError(
      {
        where,
        found: `the pattern ${quote(pattern)} (${error instanceof Error ? error.message : String(error)})`,
        expected: "a regular expression",
        fix: "download tokenizer.json again",
      },
      { cause: error },
    );
  }
  return source;
}

class PatternReader {
  private at = 0;
  private captures = 0;
  private depth = 0;
  private readonly pattern: string;
  private readonly where: string;

  constructor(pattern: string, where: string) {
    this.pattern = pattern;
    this.where = where;
  }

  read(): string {
    const { source } = this.alternatives();
    if (this.at < this.pattern.length) throw this.malformed("an unmatched )");
    return source;
  }

  private alternatives(): Piece {
    if (++this.depth > DEEPEST_GROUP) throw this.refused(`groups nested deeper than ${DEEPEST_GROUP}`);
    const branches: Piece[] = [this.branch()];
    while (this.pattern[this.at] === "|") {
      this.at++;
      branches.push(this.branch());
    }
    this.depth--;
    return {
      source: branches.map(({ source }) => source).join("|"),
      isRigid: branches.length === 1 && branches[0]!.isRigid,
    };
  }

  private branch(): Piece {
    let source = "";
    let isRigid = true;
    while (this.at < this.pattern.length && this.pattern[this.at] !== "|" && this.pattern[this.at] !== ")") {
      const piece = this.repeated();
      source += piece.source;
      isRigid &&= piece.isRigid;
    }
    return { source, isRigid };
  }

  private repeated(): Piece {
    let piece = this.atom();
    for (;;) {
      const quantifier = /^(?:[*+?]|\{(\d+)(,?)(\d*)\}|\{,(\d+)\})([+?]?)/.exec(
        this.pattern.slice(this.at, this.at + 24),
      );
      if (quantifier === null) return piece;
      this.at += quantifier[0].length;
      const isInterval = quantifier[0].startsWith("{");
      const suffix = quantifier[5]!;
      // In Ruby's syntax {n,m}+ repeats the repetition and {n}? means "n or none"; no tokenizer uses either.
      if (isInterval && suffix !== "") throw this.refused(`the repetition ${quantifier[0]}`);
      const body =
        isInterval && quantifier[4] !== undefined
          ? `{0,${quantifier[4]}}`
          : quantifier[0].replace(/[+?]$/, (c) => (quantifier[0].length === 1 ? c : ""));
      const isFixed = isInterval && quantifier[4] === undefined && quantifier[2] === "";
      const isOptional = quantifier[0].startsWith("?");
      if (!isOptional && !piece.isRigid) {
        throw this.refused(`${quantifier[0]} after a group whose length varies, which can take exponential time`);
      }
      if (suffix === "+") {
        // A possessive repetition gives nothing back: match it in a lookahead, which never backtracks, then consume it.
        const capture = ++this.captures;
        piece = { source: `(?:(?=(${piece.source}${body}))\\${capture})`, isRigid: false };
      } else {
        piece = { source: `${piece.source}${body}${suffix}`, isRigid: isFixed && piece.isRigid };
      }
    }
  }

  private atom(): Piece {
    const char = String.fromCodePoint(this.pattern.codePointAt(this.at)!);
    this.at += char.length;
    if (char === "(") return this.group();
    if (char === "[") return { source: this.characterClass(), isRigid: true };
    if (char === "\\") return { source: this.escape(false), isRigid: true };
    if (char === ".") return { source: "[^\\n]", isRigid: true };
    // Ruby's ^ and $ hold at every line.
    if (char === "^") return { source: "(?<![^\\n])", isRigid: true };
    if (char === "$") return { source: "(?![^\\n])", isRigid: true };
    if (char === "*" || char === "+" || char === "?") throw this.malformed(`${char} with nothing to repeat`);
    return { source: literal(char), isRigid: true };
  }

  private group(): Piece {
    const opening = /^\?(?:[:=!>]|<[=!]|[imx]*(?:-[imx]+)?:)/.exec(this.pattern.slice(this.at, this.at + 12))?.[0];
    if (opening === undefined && this.pattern[this.at] === "?") {
      throw this.refused(`the group (${this.pattern.slice(this.at, this.at + 6)}…`);
    }
    if (opening !== undefined) this.at += opening.length;
    if (opening === "?>") {
      const capture = ++this.captures;
      const inside = this.closing();
      return { source: `(?:(?=(${inside.source}))\\${capture})`, isRigid: false };
    }
    // Nothing reads captures (back-references are refused), so a plain group need not make one.
    const isOption = opening !== undefined && /[imx]/.test(opening);
    if (isOption && opening !== "?i:") throw this.refused(`the option group (${opening}…)`);
    const inside = this.closing();
    const isLookaround = opening !== undefined && /[=!]$/.test(opening);
    return { source: `(${opening ?? "?:"}${inside.source})`, isRigid: isLookaround || inside.isRigid };
  }

  private closing(): Piece {
    const inside = this.alternatives();
    if (this.pattern[this.at] !== ")") throw this.malformed("a group that is not closed");
    this.at++;
    return inside;
  }

  private characterClass(): string {
    if (++this.depth > DEEPEST_GROUP) throw this.refused(`classes nested deeper than ${DEEPEST_GROUP}`);
    let source = "[";
    if (this.pattern[this.at] === "^") {
      source += "^";
      this.at++;
    }
    // In Ruby a ] that comes first is a member.
    if (this.pattern[this.at] === "]") {
      source += "\\]";
      this.at++;
    }
    const operands: string[] = [];
    for (;;) {
      const rest = this.pattern.slice(this.at, this.at + 2);
      if (rest === "") throw this.malformed("a character class that is not closed");
      if (rest.startsWith("]")) break;
      if (rest === "&&") {
        this.at += 2;
        operands.push(source.replace(/^\[\^?/, ""));
        source = source.startsWith("[^") ? "[^" : "[";
        continue;
      }
      if (rest === "[:") throw this.refused("a POSIX bracket such as [[:alpha:]]");
      source += this.classMember();
    }
    this.at++;
    this.depth--;
    if (operands.length === 0) return `${source}]`;
    // "v" wants each side of && as one operand.
    operands.push(source.replace(/^\[\^?/, ""));
    return `${source.startsWith("[^") ? "[^" : "["}${operands.map((operand) => `[${operand}]`).join("&&")}]`;
  }

  private classMember(): string {
    const char = String.fromCodePoint(this.pattern.codePointAt(this.at)!);
    this.at += char.length;
    if (char === "[") return this.characterClass();
    const first = char === "\\" ? this.escape(true) : literal(char);
    const isRange = this.pattern[this.at] === "-" && this.pattern[this.at + 1] !== "]" && !/^(\\[pP]|\[)/.test(first);
    if (!isRange || char === "-") return first;
    this.at++;
    const last = String.fromCodePoint(this.pattern.codePointAt(this.at) ?? 0);
    this.at += last.length;
    if (last === "[") throw this.malformed("a range that ends in a class");
    return `${first}-${last === "\\" ? this.escape(true) : literal(last)}`;
  }

  private escape(isInClass: boolean): string {
    const char = String.fromCodePoint(this.pattern.codePointAt(this.at) ?? 0);
    this.at += char.length;
    if (char === "p" || char === "P") return this.property(char);
    if (char in classEscapes) return classEscapes[char]!;
    if (char in controlEscapes) return controlEscapes[char]!;
    if (!isInClass && (char === "b" || char === "B")) return boundary(char === "b");
    if (!isInClass && char === "A") return "(?<![\\s\\S])";
    if (!isInClass && char === "z") return "(?![\\s\\S])";
    if (char === "x" || char === "u") return this.codePoint(char);
    if (/^[0-9A-Za-z]$/.test(char) || char === "\0") throw this.refused(`\\${char}`);
    return literal(char);
  }

  private codePoint(kind: string): string {
    const digits = (kind === "x" ? /^\{([0-9a-fA-F]{1,6})\}|^([0-9a-fA-F]{1,2})/ : /^([0-9a-fA-F]{4})/).exec(
      this.pattern.slice(this.at, this.at + 8),
    );
    const code = digits === null ? Number.NaN : Number.parseInt(digits[1] ?? digits[2]!, 16);
    if (digits === null || code > 0x10ffff) throw this.malformed(`\\${kind} without a code point`);
    // Two hexadecimal digits above 7f are a byte of UTF-8 there, not a character.
    if (kind === "x" && digits[2] !== undefined && code > 0x7f) throw this.refused(`the byte \\x${digits[2]}`);
    this.at += digits[0].length;
    return `\\u{${code.toString(16)}}`;
  }

  private property(kind: string): string {
    const found = /^\{(\^?)([A-Za-z_ -]{1,40})\}|^([LMNPSZC])/.exec(this.pattern.slice(this.at, this.at + 48));
    if (found === null) throw this.malformed(`\\${kind} without a property in braces`);
    this.at += found[0].length;
    const name = (found[2] ?? found[3]!).trim();
    const letter = (kind === "P") !== (found[1] === "^") ? "P" : "p";
    for (const candidate of [name, `Script=${name}`]) {
      if (isProperty(candidate)) return `\\${letter}{${candidate}}`;
    }
    throw this.refused(`the property \\p{${name}}`);
  }

  private malformed(what: string): TokenizerFormatError {
    return new TokenizerFormatError({
      where: this.where,
      found: `${what} in the pattern ${quote(this.pattern)}`,
      expected: "a regular expression in Oniguruma's syntax",
      fix: "download tokenizer.json again",
    });
  }

  private refused(what: string): UnsupportedTokenizerError {
    return new UnsupportedTokenizerError({
      where: this.where,
      found: `${what} in the pattern ${quote(this.pattern)}`,
      expected: "groups, classes, alternatives, lookaround and repetition of one character or a fixed group",
      fix: "use a tokenizer whose pattern avoids it",
    });
  }
}

function isProperty(name: string): boolean {
  try {
    // "u" knows no properties of whole strings, such as RGI_Emoji; Oniguruma has none either.
    new RegExp(`\\p{${name}}`, "u");
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** One character as itself: everything with a meaning in "v" mode, inside or outside of classes, is written as a code. */
export function literal(char: string): string {
  return /^[\p{L}\p{N} ]$/u.test(char) ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

/** A text as a pattern that matches it alone. */
export function literalPattern(text: string): string {
  return Array.from(text, literal).join("");
}
