/** Lines of a file as bytes, decompressed on the way, without ever holding more than one line. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, type Readable, Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { DataError, systemErrorCode } from "../errors.ts";
import { explainReadFailure, type SourceFile } from "./source-files.ts";

/** Longer lines are a mistake (a whole file on one line) rather than a document. */
export const maximumLineBytes = 16 * 2 ** 20;

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the line feed, and without the carriage return before it; empty if it is too long. */
  readonly bytes: Buffer;
  /** True when the line is longer than the limit; the rest of it is passed over. */
  readonly isTooLong: boolean;
}

export interface ReadLinesOptions {
  /** Default `maximumLineBytes`. */
  readonly maximumBytes?: number;
  readonly signal?: AbortSignal;
  /** Bytes read from the disk so far, compressed as they are. */
  readonly onBytes?: (bytes: number) => void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * @throws {DataError} if the file is not what it was when it was listed, if its compression is damaged, or if it cannot
 *                     be read; after the lines before that place were given
 * @throws {DOMException} named AbortError
 */
export async function* readLines(file: SourceFile, options: ReadLinesOptions = {}): AsyncGenerator<Line> {
  if (file.bytes === 0) return;
  const { maximumBytes = maximumLineBytes, signal } = options;
  const hash = createHash("sha256");
  let bytesRead = 0;
  const source = createReadStream(file.path, { end: file.bytes - 1, highWaterMark: 1 << 18, signal });
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytesRead += chunk.length;
      hash.update(chunk);
      options.onBytes?.(bytesRead);
      done(null, chunk);
    },
  });
  try {
    yield* splitLines(decompress(file, source, meter), maximumBytes);
    await checkUnchanged(file, bytesRead, hash.digest("hex"));
  } catch (error) {
    throw explainFailure(file, error);
  } finally {
    source.destroy();
  }
}

/** An error of any of the streams comes out of the last one. */
function decompress(file: SourceFile, source: Readable, meter: Transform): AsyncIterable<Buffer> {
  const passErrorOn = () => undefined;
  switch (file.compression) {
    case "none":
      return pipeline(source, meter, passErrorOn);
    case "gzip":
      return pipeline(source, meter, createGunzip(), passErrorOn);
    case "zstd":
      return pipeline(source, meter, createZstdDecompress(), passErrorOn);
  }
}

async function* splitLines(chunks: AsyncIterable<Buffer>, maximumBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let isTooLong = false;
  const finish = (): Line => {
    let bytes = isTooLong ? Buffer.alloc(0) : pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    if (bytes.at(-1) === carriageReturn) bytes = bytes.subarray(0, -1);
    if (number === 1 && bytes.subarray(0, 3).equals(byteOrderMark)) bytes = bytes.subarray(3);
    const line = { number, bytes, isTooLong };
    number += 1;
    pending = [];
    pendingBytes = 0;
    isTooLong = false;
    return line;
  };
  const add = (part: Buffer): void => {
    if (isTooLong) return;
    pendingBytes += part.length;
    pending.push(part);
    if (pendingBytes <= maximumBytes + 1) return; // one more for a carriage return
    isTooLong = true;
    pending = [];
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      add(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (pendingBytes > 0 || isTooLong) yield finish();
}

async function checkUnchanged(file: SourceFile, bytesRead: number, sha256: string): Promise<void> {
  const now = await stat(file.path);
  const isSame = now.size === file.bytes && (bytesRead !== file.bytes || sha256 === file.sha256);
  if (isSame) return;
  throw changed(
    file,
    now.size > file.bytes ? `it grew from ${file.bytes} to ${now.size} bytes` : "other bytes than before",
  );
}

function changed(file: SourceFile, found: string): DataError {
  return new DataError({
    where: file.path,
    found: `a file that changed while it was read: ${found}`,
    expected: "a file that nobody writes",
    fix: "wait until it is complete, or copy it, and start again",
  });
}

function explainFailure(file: SourceFile, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code !== undefined && /^(Z_|ZSTD_|ERR_ZSTD)/i.test(code)) {
    return new DataError(
      {
        where: file.path,
        found: `damaged or incomplete ${file.compression} data (${(error as Error).message})`,
        expected: `a complete ${file.compression} file`,
        fix: `check it with ${file.compression === "gzip" ? "gzip -t" : "zstd -t"}, and fetch it again`,
      },
      { cause: error },
    );
  }
  return explainReadFailure(file.path, error);
}
