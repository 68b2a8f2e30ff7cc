/** Learning rates over a run: pure functions of the step. */

import { OptionError } from "./errors.ts";

export interface Schedule {
  /** cosine; wsd: warmup, stable, decay; linear: straight down after the warmup; constant after the warmup. */
  readonly kind: "cosine" | "wsd" | "linear" | "constant";
  /** Highest learning rate. */
  readonly peak: number;
  /** Updates of the whole run. */
  readonly steps: number;
  /** Updates that raise the rate from 0 to the peak. */
  readonly warmupSteps: number;
  /** Updates that lower the rate at the end; wsd only. */
  readonly decaySteps?: number;
  /** Rate of the last update as a share of the peak, in [0, 1]; nothing for constant. Default 0. */
  readonly finalShare?: number;
}

/**
 * A schedule from shares of its length, as people give them.
 *
 * @param options.warmup share of the steps, in [0, 1]; at least one step if above 0
 * @param options.decay  share of the steps, in [0, 1]
 * @throws {OptionError} if warmup and decay together are longer than the run
 */
export function scheduleFromShares(options: {
  kind: Schedule["kind"];
  peak: number;
  steps: number;
  warmup: number;
  decay?: number;
  finalShare?: number;
}): Schedule {
  const { kind, peak, steps, warmup, decay = 0.2, finalShare } = options;
  if (kind === "wsd" && warmup + decay > 1) {
    throw new OptionError({
      where: "schedule wsd",
      found: `a warmup of ${warmup} and a decay of ${decay} of the steps`,
      expected: "at most 1 together",
      fix: "lower --warmup or --decay",
    });
  }
  return {
    kind,
    peak,
    steps,
    warmupSteps: Math.min(steps, Math.ceil(warmup * steps)),
    ...(kind === "wsd" ? { decaySteps: Math.min(steps, Math.ceil(decay * steps)) } : {}),
    ...(finalShare === undefined ? {} : { finalShare }),
  };
}

/**
 * The learning rate of one update.
 *
 * The warmup is linear and reaches the peak at its last update; the last update of the run has finalShare · peak.
 *
 * @param step updates done before this one: 0 … steps - 1
 * @see Loshchilov and Hutter 2017, arXiv:1608.03983 (cosine); Hu et al. 2024, arXiv:2404.06395 (warmup, stable, decay)
 */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { kind, peak, steps, warmupSteps, decaySteps = 0, finalShare = 0 } = schedule;
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const final = peak * finalShare;
  if (kind === "constant") return peak;
  const firstFalling = kind === "wsd" ? steps - decaySteps : warmupSteps;
  if (step < firstFalling) return peak;
  const progress = Math.min(1, (step - firstFalling + 1) / (steps - firstFalling)); // (0, 1]
  if (kind === "cosine") return final + (peak - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
  return peak + (final - peak) * progress;
}
