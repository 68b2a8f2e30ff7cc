/** Strict UTF-8: a byte that belongs to another encoding is named, never replaced. */

import { isUtf8 } from "node:buffer";
import type { RecordProblem } from "./record.ts";

const fix = "convert the file to UTF-8, for example with iconv -f GB18030 -t UTF-8";

/** The text, or what is wrong with it. */
export function decodeUtf8(bytes: Buffer): string | RecordProblem {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16)
    return { found: "UTF-16", expected: "UTF-8", fix: "convert the file, for example with iconv -f UTF-16 -t UTF-8" };
  const at = firstInvalidByte(bytes);
  const value = bytes[at]!.toString(16).toUpperCase().padStart(2, "0");
  return { found: `the byte 0x${value} at place ${at + 1} of the line, which is not UTF-8`, expected: "UTF-8", fix };
}

/** Index of the first byte at which no valid character begins. */
function firstInvalidByte(bytes: Buffer): number {
  for (let index = 0; index < bytes.length; ) {
    const lead = bytes[index]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (!isUtf8(bytes.subarray(index, index + length))) return index;
    index += length;
  }
  return bytes.length - 1;
}
