// Colours code well enough to read: comments, strings, numbers, keywords and called names. It is a scanner, not a parser,
// and takes time in proportion to the text. A grammar engine would weigh more than the rest of the page.

import { type CodeLanguage, findLanguage } from "./languages.ts";

export type CodeKind = "plain" | "comment" | "string" | "number" | "keyword" | "name" | "added" | "removed";
export interface CodeToken {
  kind: CodeKind;
  text: string;
}

/**
 * Splits code into coloured parts. The parts joined are always exactly the code.
 *
 * `const n = 1` in TypeScript: keyword "const", plain " n = ", number "1".
 */
export function highlight(code: string, languageName: string): CodeToken[] {
  if (["diff", "patch"].includes(languageName.toLowerCase())) return highlightDiff(code);
  const language = findLanguage(languageName);
  return language === undefined ? [{ kind: "plain", text: code }] : mergePlain(scan(code, language));
}

function highlightDiff(code: string): CodeToken[] {
  return code.split(/(?<=\n)/).map((text) => ({
    kind: text.startsWith("+") ? "added" : text.startsWith("-") ? "removed" : text.startsWith("@") ? "name" : "plain",
    text,
  }));
}

const word = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const number = /(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)/iy;
const space = /\s+/y;

function* scan(code: string, language: CodeLanguage): Generator<CodeToken> {
  let position = 0;
  while (position < code.length) {
    const token = readToken(code, position, language);
    yield token;
    position += token.text.length;
  }
}

function readToken(code: string, position: number, language: CodeLanguage): CodeToken {
  const blank = matchAt(space, code, position);
  if (blank !== undefined) return { kind: "plain", text: blank };
  if (language.lineComments.some((start) => code.startsWith(start, position))) {
    return { kind: "comment", text: code.slice(position, endOfLine(code, position)) };
  }
  const comment = language.blockComments.find(([start]) => code.startsWith(start, position));
  if (comment !== undefined) {
    const end = code.indexOf(comment[1], position + comment[0].length);
    return { kind: "comment", text: code.slice(position, end < 0 ? code.length : end + comment[1].length) };
  }
  const quote = language.strings.find(([start]) => code.startsWith(start, position));
  if (quote !== undefined) return { kind: "string", text: code.slice(position, endOfString(code, position, quote)) };
  const name = matchAt(word, code, position);
  if (name !== undefined) return { kind: kindOfWord(name, code[position + name.length], language), text: name };
  const digits = matchAt(number, code, position);
  return digits === undefined ? { kind: "plain", text: code[position]! } : { kind: "number", text: digits };
}

function kindOfWord(name: string, next: string | undefined, language: CodeLanguage): CodeKind {
  if (language.keywords.has(language.isCaseInsensitive ? name.toLowerCase() : name)) return "keyword";
  return next === "(" ? "name" : "plain";
}

function matchAt(pattern: RegExp, text: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0];
}

function endOfLine(code: string, position: number): number {
  const end = code.indexOf("\n", position);
  return end < 0 ? code.length : end;
}

/** A string with a one-character quote ends with its line at the latest (except a template), so one stray quote colours little. */
function endOfString(code: string, start: number, [open, close]: [string, string]): number {
  const maySpanLines = open.length > 1 || open === "`";
  for (let position = start + open.length; position < code.length; position++) {
    if (code[position] === "\\") position++;
    else if (code.startsWith(close, position)) return position + close.length;
    else if (code[position] === "\n" && !maySpanLines) return position;
  }
  return code.length;
}

function mergePlain(tokens: Iterable<CodeToken>): CodeToken[] {
  const merged: CodeToken[] = [];
  for (const token of tokens) {
    const last = merged.at(-1);
    if (last?.kind === "plain" && token.kind === "plain") last.text += token.text;
    else merged.push({ ...token });
  }
  return merged;
}
