/** Log-probabilities of the model's own distribution, before temperature, penalties, bias and truncation. */

/** ln Σ exp(x), without overflow. */
export function logSumExp(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}

/** The `count` largest values' indices, largest first, lower index first among equals. Takes one pass and a short list. */
export function largestIndices(values: Float32Array, count: number): number[] {
  const best: number[] = []; // a heap: the worst that is kept is at the root
  if (count <= 0) return best;
  const isWorse = (a: number, b: number) => values[a]! < values[b]! || (values[a] === values[b] && a > b);
  const sink = (from: number) => {
    for (let at = from; ; ) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < best.length && isWorse(best[child]!, best[worst]!)) worst = child;
      }
      if (worst === at) return;
      [best[at], best[worst]] = [best[worst]!, best[at]!];
      at = worst;
    }
  };
  for (let index = 0; index < Math.min(count, values.length); index++) best.push(index);
  for (let at = best.length >> 1; at >= 0; at--) sink(at);
  let worst = values[best[0]!]!;
  for (let index = best.length; index < values.length; index++) {
    if (!(values[index]! > worst)) continue;
    best[0] = index;
    sink(0);
    worst = values[best[0]!]!;
  }
  return best.sort((a, b) => values[b]! - values[a]! || a - b);
}

export interface RankedToken {
  readonly id: number;
  readonly logProbability: number;
}

/**
 * @param logits       [vocabulary] as the model gave them
 * @param chosen       the token whose log-probability is wanted
 * @param alternatives how many of the likeliest tokens to tell as well
 */
export function rankTokens(
  logits: Float32Array,
  chosen: number,
  alternatives: number,
): { readonly logProbability: number; readonly alternatives: readonly RankedToken[] } {
  const total = logSumExp(logits);
  return {
    logProbability: logits[chosen]! - total,
    alternatives: largestIndices(logits, alternatives).map((id) => ({ id, logProbability: logits[id]! - total })),
  };
}
