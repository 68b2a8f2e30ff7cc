/** Which tokens may be drawn at all: top-k, then top-p, then min-p, in Hugging Face's order. */
import { largestIndices } from "./log-probabilities.ts";

export interface Truncation {
  /** 0 keeps all. */
  readonly topK: number;
  /** Smallest set of likeliest tokens with this probability; 1 keeps all. */
  readonly topP: number;
  /** Share of the likeliest token's probability below which a token is dropped; 0 keeps all. */
  readonly minP: number;
}

/**
 * Tokens that remain, likeliest first and lower id first among equals; undefined when nothing is cut. Never empty.
 *
 * @param logits [vocabulary] already divided by the temperature
 * @see Fan et al. 2018, arXiv:1805.04833 (top-k); Holtzman et al. 2020, arXiv:1904.09751 (top-p);
 *      Nguyen et al. 2024, arXiv:2407.01082 (min-p)
 */
export function remainingTokens(logits: Float32Array, { topK, topP, minP }: Truncation): number[] | undefined {
  const cutsK = topK > 0 && topK < logits.length;
  if (!cutsK && topP >= 1 && minP <= 0) return undefined;
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  // Comparing logits spares an exp for each token; min-p looks at ratios only, so it may be part of the first pass
  // when no set before it must be measured in full.
  const minPFloor = minP > 0 ? largest + Math.log(minP) : Number.NEGATIVE_INFINITY;
  let kept = cutsK
    ? largestIndices(logits, topK)
    : topP < 1
      ? likeliestWithMass(logits, largest, topP)
      : sorted(logits, minPFloor);
  if (cutsK && topP < 1) kept = kept.slice(0, prefixWithMass(logits, kept, largest, topP));
  const below = kept.findIndex((id, rank) => rank > 0 && !(logits[id]! >= minPFloor));
  return below < 0 ? kept : kept.slice(0, below);
}

function sorted(logits: Float32Array, floor: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) if (logits[id]! >= floor) ids.push(id);
  return ids.sort((a, b) => logits[b]! - logits[a]! || a - b);
}

/** Length of the shortest prefix whose probability within `ids` is at least `mass`. */
function prefixWithMass(logits: Float32Array, ids: readonly number[], largest: number, mass: number): number {
  let total = 0;
  for (const id of ids) total += Math.exp(logits[id]! - largest);
  let sum = 0;
  for (let count = 1; count <= ids.length; count++) {
    sum += Math.exp(logits[ids[count - 1]!]! - largest);
    if (sum >= mass * total) return count;
  }
  return ids.length;
}

/** Sorts only the peak of the distribution: it widens the peak until it holds the mass. */
function likeliestWithMass(logits: Float32Array, largest: number, mass: number): number[] {
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - largest);
  for (let width = 3; ; width *= 2) {
    const floor = width < 100 ? largest - width : Number.NEGATIVE_INFINITY;
    const peak = sorted(logits, floor);
    let sum = 0;
    for (let count = 1; count <= peak.length; count++) {
      sum += Math.exp(logits[peak[count - 1]!]! - largest);
      if (sum >= mass * total) return peak.slice(0, count);
    }
    if (floor === Number.NEGATIVE_INFINITY) return peak;
  }
}
