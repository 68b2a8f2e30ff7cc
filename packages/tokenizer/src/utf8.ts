/** UTF-8 by hand where TextEncoder and TextDecoder would allocate per word or lose invalid bytes. */

/**
 * Writes text[start, end) as UTF-8. A lone surrogate becomes U+FFFD, as TextEncoder has it.
 *
 * @param target at least 3 bytes for each UTF-16 unit
 * @returns number of bytes written
 */
export function writeUtf8(text: string, start: number, end: number, target: Uint8Array): number {
  let length = 0;
  for (let i = start; i < end; i++) {
    let code = text.charCodeAt(i);
    if (code < 0x80) {
      target[length++] = code;
      continue;
    }
    if (code < 0x800) {
      target[length++] = 0xc0 | (code >> 6);
      target[length++] = 0x80 | (code & 0x3f);
      continue;
    }
    if (code >= 0xd800 && code < 0xe000) {
      const next = code < 0xdc00 && i + 1 < end ? text.charCodeAt(i + 1) : 0;
      if (next >= 0xdc00 && next < 0xe000) {
        i++;
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        target[length++] = 0xf0 | (code >> 18);
        target[length++] = 0x80 | ((code >> 12) & 0x3f);
        target[length++] = 0x80 | ((code >> 6) & 0x3f);
        target[length++] = 0x80 | (code & 0x3f);
        continue;
      }
      code = 0xfffd;
    }
    target[length++] = 0xe0 | (code >> 12);
    target[length++] = 0x80 | ((code >> 6) & 0x3f);
    target[length++] = 0x80 | (code & 0x3f);
  }
  return length;
}

/** Length in bytes of the well-formed UTF-8 character at `at`, or 0 if none starts there (Unicode 16, table 3-7). */
export function utf8CharacterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  const second = bytes[at + 1]!;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return length;
}
