/** The title that a conversation gets from its first message: its first words, cut where a word ends. */

/** Columns of a fixed-width terminal: Chinese characters and emoji take two. */
const widestTitle = 48;

const wide =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Extended_Pictographic}|[\u3000-\u303F\uFF00-\uFF60]/u;
/** Controls, and marks that would turn the direction of whatever stands beside the title. */
const invisible = /[\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu;

const words = new Intl.Segmenter(undefined, { granularity: "word" });
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** null when the text has nothing to show. Chinese is cut between words too, though nothing stands between them. */
export function makeTitle(text: string): string | null {
  const line = text.replaceAll(invisible, " ").replaceAll(/\s+/g, " ").trim();
  if (line === "") return null;
  if (measure(line) <= widestTitle) return line;
  const cut = take(words, line, widestTitle - 1) || take(graphemes, line, widestTitle - 1);
  return `${cut.trimEnd()}…`;
}

function measure(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The longest run of whole segments from the beginning that is at most so wide. */
function take(segmenter: Intl.Segmenter, text: string, width: number): string {
  let taken = "";
  let left = width;
  for (const { segment } of segmenter.segment(text)) {
    left -= measure(segment);
    if (left < 0) break;
    taken += segment;
  }
  return taken;
}
