/** Bias on single tokens, as in OpenAI's API. */

/** At or below it a token is forbidden whatever the temperature; finite biases above it only shift the odds. */
export const forbiddingBias = -100;

/** Adds each bias to its token's logit, in place. */
export function applyLogitBias(logits: Float32Array, bias: ReadonlyMap<number, number>): void {
  for (const [id, value] of bias) {
    logits[id] = value <= forbiddingBias ? Number.NEGATIVE_INFINITY : logits[id]! + value;
  }
}
