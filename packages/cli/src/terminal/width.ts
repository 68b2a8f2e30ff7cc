// How many terminal columns a text takes, and cutting and wrapping by columns. Chinese, Japanese and Korean characters
// and emoji take two, combining marks none.

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

/** Unicode's East Asian Wide and Fullwidth blocks (UAX #11), first and last code points. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

const colourSequence = /\u001b\[[0-9;]*m/g;

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0)!;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (code < 0x300) return 1;
  if (/^[\p{Mark}\p{Format}]/u.test(grapheme)) return 0;
  if (/^\p{Emoji_Presentation}/u.test(grapheme) || grapheme.includes("\ufe0f")) return 2;
  return wideRanges.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Columns of a single line; colour sequences count nothing. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text.replaceAll(colourSequence, ""))) width += graphemeWidth(segment);
  return width;
}

/** Cuts to at most `columns`, ending in … where something was cut; colour sequences are kept whole. */
export function truncate(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let result = "";
  let isCut = false;
  for (const part of text.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith("\u001b[")) {
      result += part;
      continue;
    }
    for (const { segment } of segmenter.segment(part)) {
      if (isCut) break;
      if (width + graphemeWidth(segment) > columns - 1) {
        isCut = true;
        result += columns > 0 ? "…" : "";
        break;
      }
      width += graphemeWidth(segment);
      result += segment;
    }
  }
  return result;
}

/** Fills with spaces on the right up to `columns`. */
export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/** Breaks at spaces, and inside a word (or a Chinese sentence) only when it is wider than a line. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      const joined = line === "" ? word : `${line} ${word}`;
      if (displayWidth(joined) <= columns) {
        line = joined;
        continue;
      }
      if (line !== "") lines.push(line);
      line = "";
      for (const { segment } of segmenter.segment(word)) {
        if (displayWidth(line + segment) > columns) {
          lines.push(line);
          line = "";
        }
        line += segment;
      }
    }
    lines.push(line);
  }
  return lines;
}

/**
 * Makes text of unknown origin (a model's answer, a file name) harmless to a terminal: control characters, among them
 * the escape that starts cursor commands, become visible symbols. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}
