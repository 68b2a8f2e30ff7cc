/**
 * Looks over JSON before it is parsed. A hundred megabytes of brackets take a parser half a minute and gigabytes; a header
 * of tensors is three levels deep, and this sees so in a fraction of a second.
 */

/** Where JSON goes beyond its limits, in words; undefined when it does not. */
export function findExcess(json: Uint8Array, deepest: number, mostValues: number): string | undefined {
  let depth = 0;
  let values = 1;
  let isInText = false;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index]!;
    if (isInText) {
      if (byte === backslash) index++;
      else if (byte === quote) isInText = false;
    } else if (byte === quote) {
      isInText = true;
    } else if (byte === openBrace || byte === openBracket) {
      if (++depth > deepest) return `brackets ${depth} deep`;
    } else if (byte === closeBrace || byte === closeBracket) {
      depth--;
    } else if (byte === comma && ++values > mostValues) {
      return `more than ${mostValues} values`;
    }
  }
  return undefined;
}

const [quote, backslash, comma, openBracket, closeBracket, openBrace, closeBrace] = Buffer.from('"\\,[]{}');
