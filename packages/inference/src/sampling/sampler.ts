/** Chooses one request's tokens from logits: bias, repetition penalty, temperature, truncation, then a draw. */
import type { ResolvedOptions } from "../engine/generation-options.ts";
import { ModelRefusedError } from "../errors.ts";
import { type RankedToken, rankTokens } from "./log-probabilities.ts";
import { applyLogitBias } from "./logit-bias.ts";
import { bitsOfStep, gumbel, gumbelBound, largestGumbel } from "./random.ts";
import { applyRepetitionPenalty } from "./repetition-penalty.ts";
import { type Cut, cutTokens } from "./truncation.ts";

export type SamplingOptions = Pick<
  ResolvedOptions,
  "temperature" | "topK" | "topP" | "minP" | "repetitionPenalty" | "seed" | "logProbabilities" | "logitBias"
>;

export interface SampledToken {
  readonly id: number;
  /** Of the model's own distribution; absent unless asked for. */
  readonly logProbability?: number;
  readonly alternatives?: readonly RankedToken[];
}

/**
 * Draws by adding Gumbel noise and taking the largest sum, which has the softmax's distribution (Gumbel 1954; Maddison
 * et al. 2014, arXiv:1411.0030). Against walking along cumulative probabilities this has a virtue that batching needs:
 * noise belongs to a token, so logits that differ in their last bits change a choice only where two sums nearly tie.
 */
export class Sampler {
  readonly #options: SamplingOptions;
  readonly #seen: Set<number>;
  #step = 0;
  #scores: Float32Array;

  /** @param promptTokens what the repetition penalty counts besides the answer */
  constructor(options: SamplingOptions, promptTokens: Iterable<number>) {
    this.#options = options;
    this.#seen = new Set(options.repetitionPenalty === 1 ? [] : promptTokens);
    this.#scores = new Float32Array(0);
  }

  /**
   * @param logits [vocabulary], left as they are; a view without the padding of the model's embedding
   * @throws {ModelRefusedError} when no logit is a number
   */
  sample(logits: Float32Array): SampledToken {
    const id = this.#choose(logits);
    this.#step++;
    if (this.#options.repetitionPenalty !== 1) this.#seen.add(id);
    const { logProbabilities } = this.#options;
    return logProbabilities === undefined ? { id } : { id, ...rankTokens(logits, id, logProbabilities) };
  }

  #choose(logits: Float32Array): number {
    const { temperature, repetitionPenalty, logitBias, seed } = this.#options;
    let scores = logits;
    if (temperature !== 0 || repetitionPenalty !== 1 || logitBias.size > 0) {
      if (this.#scores.length !== logits.length) this.#scores = new Float32Array(logits.length);
      scores = this.#scores;
      scores.set(logits);
      applyLogitBias(scores, logitBias);
      if (repetitionPenalty !== 1) applyRepetitionPenalty(scores, this.#seen, repetitionPenalty);
    }
    if (temperature === 0) return requireToken(indexOfLargest(scores));
    if (temperature !== 1) for (let id = 0; id < scores.length; id++) scores[id] = scores[id]! / temperature;
    return requireToken(drawGumbel(scores, cutTokens(scores, this.#options), bitsOfStep(seed, this.#step)));
  }
}

function requireToken(id: number): number {
  if (id >= 0) return id;
  throw new ModelRefusedError({
    where: "the model",
    found: "no number among its logits",
    expected: "weights that are numbers",
    fix: "take an earlier checkpoint: this one has diverged or is damaged",
  });
}

/** −1 when every value is −∞ or NaN. */
function indexOfLargest(values: Float32Array): number {
  let best = -1;
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    if (values[index]! > largest) {
      largest = values[index]!;
      best = index;
    }
  }
  return best;
}

const uncut: Cut = { floor: Number.NEGATIVE_INFINITY, atFloor: 0 };

function drawGumbel(scores: Float32Array, cut: Cut = uncut, bitsOf: (id: number) => number): number {
  const { floor, atFloor } = cut;
  let left = atFloor;
  let best = -1;
  let largest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < scores.length; id++) {
    const score = scores[id]!;
    // Comparisons are written so that −∞ and NaN fail them.
    if (!(score > floor || (score === floor && left-- > 0))) continue;
    // Out of reach of the best so far, even with the luckiest noise, and then with a bound on this token's own.
    if (!(score + largestGumbel > largest)) continue;
    const bits = bitsOf(id);
    if (score + gumbelBound(bits) <= largest) continue;
    const sum = score + gumbel(bits);
    if (sum > largest) {
      largest = sum;
      best = id;
    }
  }
  return best;
}
