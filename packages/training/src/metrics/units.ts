/** Losses in the units people compare. */

/**
 * Bits needed per UTF-8 byte: comparable between tokenizers, where loss per token is not.
 *
 * @param nats  loss summed over all predicted tokens
 * @param bytes UTF-8 bytes those tokens stand for; 0 gives undefined
 */
export function bitsPerByte(nats: number, bytes: number): number | undefined {
  return bytes === 0 ? undefined : nats / Math.LN2 / bytes;
}

/** e to the mean loss per token in nats: as unsure as a choice among so many tokens. */
export function perplexity(meanNats: number): number {
  return Math.exp(meanNats);
}
