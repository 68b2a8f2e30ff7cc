/**
 * The printable stand-ins for bytes in byte-level vocabularies: tokenizer.json holds text, so GPT-2 gave each of the 256
 * bytes a visible character (space is "Ġ", newline "Ċ").
 *
 * @see Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", and `bytes_to_unicode` in its code
 */

/** Bytes that stand for themselves: the visible characters of Latin-1. */
function isVisible(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/** Character code of each byte: itself if visible, else 256, 257, … in order. */
export const charCodeOfByte: Uint16Array = new Uint16Array(256);
/** Byte of each character code below 324; -1 where no byte is. */
export const byteOfCharCode: Int16Array = new Int16Array(324).fill(-1);

let nextInvisible = 256;
for (let byte = 0; byte < 256; byte++) {
  const code = isVisible(byte) ? byte : nextInvisible++;
  charCodeOfByte[byte] = code;
  byteOfCharCode[code] = byte;
}

/** The 256 bytes in the order of their characters, which is the order in which vocabularies list them. */
export const bytesInAlphabetOrder: Uint8Array = Uint8Array.from(
  Array.from({ length: 256 }, (_, byte) => byte).sort((a, b) => charCodeOfByte[a]! - charCodeOfByte[b]!),
);

/** "Ġthe" → the bytes of " the"; undefined if a character stands for no byte. */
export function bytesOfAlphabetText(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const byte = code < byteOfCharCode.length ? byteOfCharCode[code]! : -1;
    if (byte < 0) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** The bytes of " the" → "Ġthe". */
export function alphabetTextOfBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(charCodeOfByte[byte]!);
  return text;
}
