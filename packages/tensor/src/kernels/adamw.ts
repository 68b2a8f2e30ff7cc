/** The optimiser's arithmetic over arena views, one thread of WebAssembly SIMD. Schedules and clipping rules live elsewhere. */

import { ShapeError } from "../errors.ts";
import { type ArenaView, kernelsOf } from "./wasm-arena.ts";

export interface AdamWStep {
  /** Updated in place. */
  readonly parameter: ArenaView;
  readonly gradient: ArenaView;
  /** Running mean of the gradient; zeros before the first step. Updated in place. */
  readonly firstMoment: ArenaView;
  /** Running mean of the squared gradient; zeros before the first step. Updated in place. */
  readonly secondMoment: ArenaView;
  readonly learningRate: number;
  /** In [0, 1). */
  readonly beta1: number;
  /** In [0, 1). */
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: the parameter shrinks by learningRate * weightDecay of itself. 0 for biases, gains and the like. */
  readonly weightDecay: number;
  /** 1 at the first update: the moments' bias correction depends on it. */
  readonly step: number;
  /** Factor on the gradient: the share left by clipping, 1 / accumulated micro-batches. Default 1. */
  readonly gradientScale?: number;
}

function checkLengths(where: string, first: ArenaView, others: readonly ArenaView[]): void {
  for (const other of others) {
    if (other.length === first.length && other.buffer === first.buffer) continue;
    throw new ShapeError({
      where,
      found: `arrays of ${first.length} and ${other.length} elements${other.buffer === first.buffer ? "" : " in two arenas"}`,
      expected: "one length, in one arena",
      fix: "allocate each of them with the parameter's length from the same WasmArena",
    });
  }
}

/**
 * One step of AdamW.
 *
 * @throws {ShapeError} if the four arrays differ in length or arena
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2
 */
export function adamwStep(options: AdamWStep): void {
  const { parameter, gradient, firstMoment, secondMoment, learningRate, beta1, beta2, epsilon, step } = options;
  checkLengths("adamwStep", parameter, [gradient, firstMoment, secondMoment]);
  kernelsOf(parameter).adamw(
    parameter.byteOffset,
    gradient.byteOffset,
    firstMoment.byteOffset,
    secondMoment.byteOffset,
    parameter.length,
    learningRate / (1 - beta1 ** step),
    1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
    1 - learningRate * options.weightDecay,
    options.gradientScale ?? 1,
    beta1,
    beta2,
    1 - beta1,
    1 - beta2,
  );
}

/** Sum of the squares, in double precision across blocks of 4096; NaN or Infinity if an element is. */
export function sumOfSquares(view: ArenaView): number {
  return kernelsOf(view).sumOfSquares(view.byteOffset, view.length);
}

/** Index of the first element that is infinite or not a number; undefined when all are finite. */
export function firstNonFinite(view: ArenaView): number | undefined {
  const index = kernelsOf(view).firstNonFinite(view.byteOffset, view.length);
  return index < 0 ? undefined : index;
}

/** target += source, as gradient accumulation needs. @throws {ShapeError} if they differ in length or arena */
export function accumulate(target: ArenaView, source: ArenaView): void {
  checkLengths("accumulate", target, [source]);
  kernelsOf(target).accumulate(target.byteOffset, source.byteOffset, target.length);
}

/** view *= factor */
export function scale(view: ArenaView, factor: number): void {
  kernelsOf(view).scale(view.byteOffset, view.length, factor);
}
