/** Records of a source's files: JSON lines checked one by one, and plain text cut into documents. */

import { DataError } from "../errors.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { type Line, maximumLineBytes, readLines } from "./read-lines.ts";
import { checkRecord, type RecordKind, type RecordOf, type RecordProblem, recordExamples } from "./record.ts";
import type { SourceFile } from "./source-files.ts";

export interface LocatedRecord<Kind extends RecordKind> {
  readonly kind: Kind;
  readonly record: RecordOf<Kind>;
  readonly file: string;
  /** From 1; of plain text, the document's first line. */
  readonly line: number;
}

export interface ReadRecordsOptions<Kind extends RecordKind> {
  /** Wanted kinds; text files are read only where "text" is among them. */
  readonly kinds: readonly Kind[];
  /** Called for each bad line instead of throwing. */
  readonly onBad?: (error: DataError) => void;
  /** Default 16 MiB. */
  readonly maximumLineBytes?: number;
  /** Plain text is cut into documents of about this size, at an empty line where there is one. Default 32 KiB. */
  readonly documentBytes?: number;
  readonly signal?: AbortSignal;
  /** Bytes of this file read from the disk so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** Plain text has no documents; pieces of this size let some of a single book be held out. */
export const defaultDocumentBytes = 32_768;

/**
 * The records of one file in order. Empty lines are passed over.
 *
 * @throws {DataError} naming file and line of the first bad line, unless `onBad` takes it; and as `readLines`
 */
export async function* readRecords<Kind extends RecordKind>(
  file: SourceFile,
  options: ReadRecordsOptions<Kind>,
): AsyncGenerator<LocatedRecord<Kind>> {
  const lines = readLines(file, {
    maximumBytes: options.maximumLineBytes,
    signal: options.signal,
    onBytes: options.onBytes,
  });
  const isText = file.format === "text";
  const textKind = options.kinds.find((kind) => kind === "text");
  if (isText && textKind === undefined) {
    throw new DataError({
      where: file.path,
      found: "plain text",
      expected: `JSONL of ${options.kinds.map((kind) => recordExamples[kind]).join(" or ")}`,
      fix: "use the file for pretraining, or convert it",
    });
  }
  const reject = (line: number, problem: RecordProblem): void => {
    const error = new DataError({ where: `${file.path}:${line}`, ...problem });
    if (options.onBad === undefined) throw error;
    options.onBad(error);
  };
  const limit = options.maximumLineBytes ?? maximumLineBytes;
  const texts = decodeLines(lines, limit, reject);
  if (!isText) {
    for await (const { number, text } of texts) {
      if (text.trim() === "") continue;
      const result = parseRecord(text, options.kinds);
      if ("record" in result) yield { ...result, file: file.path, line: number };
      else reject(number, result);
    }
    return;
  }
  for await (const { line, text } of cutDocuments(texts, options.documentBytes ?? defaultDocumentBytes)) {
    yield { kind: textKind!, record: { text } as RecordOf<Kind>, file: file.path, line };
  }
}

/** Parses and checks one line of JSONL. */
export function parseRecord<Kind extends RecordKind>(
  text: string,
  kinds: readonly Kind[],
): { kind: Kind; record: RecordOf<Kind> } | RecordProblem {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const start = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    return {
      found: `no JSON (${(error as Error).message.split(/,? (?:\.\.\.|")/)[0]}): ${JSON.stringify(start)}`,
      expected: kinds.map((kind) => recordExamples[kind]).join(" or "),
      fix: "correct the line, or pass --skip-bad to leave such lines out",
    };
  }
  return checkRecord(value, kinds);
}

interface TextLine {
  number: number;
  text: string;
}

async function* decodeLines(
  lines: AsyncIterable<Line>,
  limit: number,
  reject: (line: number, problem: RecordProblem) => void,
): AsyncGenerator<TextLine> {
  for await (const { number, bytes, isTooLong } of lines) {
    if (isTooLong) {
      reject(number, {
        found: `a line longer than ${formatBytes(limit)}`,
        expected: "at most that much per line",
        fix: "split the document into several lines",
      });
      continue;
    }
    const decoded = decodeUtf8(bytes);
    if (typeof decoded === "string") yield { number, text: decoded };
    else reject(number, decoded);
  }
}

/** Joins lines into documents of about `size` UTF-16 units, cut after the last empty line of a full one if it has any. */
async function* cutDocuments(
  lines: AsyncIterable<TextLine>,
  size: number,
): AsyncGenerator<{ line: number; text: string }> {
  let kept: TextLine[] = [];
  let length = 0;
  const take = (count: number): { line: number; text: string } | undefined => {
    const taken = kept.slice(0, count);
    kept = kept.slice(count);
    length = kept.reduce((sum, { text }) => sum + text.length + 1, 0);
    const first = taken.findIndex(({ text }) => text.trim() !== "");
    if (first < 0) return undefined;
    const text = taken.slice(first).map((line) => line.text);
    return { line: taken[first]!.number, text: text.join("\n").trimEnd() };
  };
  for await (const line of lines) {
    kept.push(line);
    length += line.text.length + 1;
    if (length < size) continue;
    const lastEmpty = kept.findLastIndex(({ text }) => text.trim() === "");
    const document = take(lastEmpty > 0 ? lastEmpty + 1 : kept.length);
    if (document !== undefined) yield document;
  }
  const document = take(kept.length);
  if (document !== undefined) yield document;
}

function formatBytes(bytes: number): string {
  return bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${bytes} bytes`;
}
