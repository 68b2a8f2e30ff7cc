/**
 * Which tokens may be drawn at all: top-k, then top-p, then min-p, in Hugging Face's order. The answer is a threshold, so no
 * vocabulary is ever sorted: a histogram finds the place, and only the bucket around it is put in order.
 */

export interface Truncation {
  /** 0 keeps all. */
  readonly topK: number;
  /** Smallest set of likeliest tokens with this probability; 1 keeps all. */
  readonly topP: number;
  /** Share of the likeliest token's probability below which a token is dropped; 0 keeps all. */
  readonly minP: number;
}

/** Tokens with a larger logit than `floor`, and of those equal to it the `atFloor` with the lowest ids. */
export interface Cut {
  readonly floor: number;
  readonly atFloor: number;
}

/**
 * @param logits [vocabulary] already divided by the temperature
 * @returns      what remains, at least one token; undefined when nothing is cut
 * @see Fan et al. 2018, arXiv:1805.04833 (top-k); Holtzman et al. 2020, arXiv:1904.09751 (top-p);
 *      Nguyen et al. 2024, arXiv:2407.01082 (min-p)
 */
export function cutTokens(logits: Float32Array, { topK, topP, minP }: Truncation): Cut | undefined {
  const cutsK = topK > 0 && topK < logits.length;
  if (!cutsK && topP >= 1 && minP <= 0) return undefined;
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  let cut: Cut = { floor: Number.NEGATIVE_INFINITY, atFloor: Number.POSITIVE_INFINITY };
  if (cutsK) cut = new Histogram(logits, largest, cut).likeliest("count", topK);
  if (topP < 1) {
    const histogram = new Histogram(logits, largest, cut);
    cut = histogram.likeliest("mass", topP * histogram.mass());
  }
  // The likeliest token always remains.
  const minPFloor = minP > 0 ? largest + Math.log(minP) : Number.NEGATIVE_INFINITY;
  return minPFloor > cut.floor ? { floor: minPFloor, atFloor: Number.POSITIVE_INFINITY } : cut;
}

/** Calls `visit` with the logit and id of every token that remains, in order of id. */
export function eachKept(
  logits: Float32Array,
  { floor, atFloor }: Cut,
  visit: (logit: number, id: number) => void,
): void {
  let left = atFloor;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (logit > floor || (logit === floor && left-- > 0)) visit(logit, id);
  }
}

const buckets = 2048;
/** Logits further below the largest share the last bucket: e^−40 of its probability counts for nothing in a sum. */
const span = 40;
const width = span / (buckets - 1);
const perLogit = 1 / width;

/** How many tokens, and what probability relative to the likeliest, lie in each interval of logits below the largest. */
class Histogram {
  readonly #logits: Float32Array;
  readonly #largest: number;
  readonly #cut: Cut;
  readonly #counts = new Float64Array(buckets);
  /** Sums of the distances to the bucket's middle, and of their squares: they spare an exponential for each token. */
  readonly #distances = new Float64Array(buckets);
  readonly #squares = new Float64Array(buckets);

  constructor(logits: Float32Array, largest: number, cut: Cut) {
    this.#logits = logits;
    this.#largest = largest;
    this.#cut = cut;
    // Locals, for this loop is a good part of what choosing a token costs.
    const counts = this.#counts;
    const distances = this.#distances;
    const squares = this.#squares;
    const { floor, atFloor } = cut;
    let left = atFloor;
    for (let id = 0; id < logits.length; id++) {
      const logit = logits[id]!;
      if (!(logit > floor || (logit === floor && left-- > 0))) continue;
      const below = (largest - logit) * perLogit;
      if (!(below < buckets - 1)) {
        counts[buckets - 1]!++;
        continue;
      }
      const bucket = below | 0;
      const distance = (bucket + 0.5 - below) * width;
      counts[bucket]!++;
      distances[bucket]! += distance;
      squares[bucket]! += distance * distance;
    }
  }

  /** Σ exp(logit − largest). */
  mass(): number {
    let sum = 0;
    for (let bucket = 0; bucket < buckets; bucket++) sum += this.#massOf(bucket);
    return sum;
  }

  /** The shortest list of likeliest tokens whose count or mass reaches `target`; all of them if it never does. */
  likeliest(measure: "count" | "mass", target: number): Cut {
    const isMass = measure === "mass";
    let sum = 0;
    let crossing = 0;
    for (; crossing < buckets; crossing++) {
      const more = isMass ? this.#massOf(crossing) : this.#counts[crossing]!;
      if (sum + more >= target) break;
      sum += more;
    }
    if (crossing === buckets) return this.#cut;
    const descending = this.#sortedBucket(crossing);
    let count = 0;
    while (count < descending.length && (count === 0 || sum < target)) {
      sum += isMass ? Math.exp(descending[count]! - this.#largest) : 1;
      count++;
    }
    const floor = descending[count - 1]!;
    let atFloor = 0;
    for (let rank = count - 1; rank >= 0 && descending[rank] === floor; rank--) atFloor++;
    return { floor, atFloor };
  }

  /** exp(x) around the bucket's middle to the second order: off by 2·10⁻⁷, as f32 logits are. */
  #massOf(bucket: number): number {
    const atMiddle = Math.exp(-(bucket + 0.5) * width);
    return atMiddle * (this.#counts[bucket]! + this.#distances[bucket]! + this.#squares[bucket]! / 2);
  }

  #sortedBucket(bucket: number): Float64Array {
    const within: number[] = [];
    eachKept(this.#logits, this.#cut, (logit) => {
      if (bucketOf(logit, this.#largest) === bucket) within.push(logit);
    });
    return Float64Array.from(within).sort().reverse();
  }
}

/** Monotone in the logit, so that every token of a bucket is likelier than every one of the next. */
function bucketOf(logit: number, largest: number): number {
  const below = (largest - logit) * perLogit;
  return below < buckets - 1 ? below | 0 : buckets - 1;
}
