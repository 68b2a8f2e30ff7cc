/** Reproducible numbers for tests: the same seed gives the same tensors everywhere. */
import type { Shape } from "../ir/shape.ts";
import type { EvaluatedTensor } from "../rules/evaluate/evaluated-tensor.ts";

/** Mulberry32: uniform in [0, 1). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

const countOf = (shape: Shape) => shape.reduce((product, length) => product * length, 1);

export interface Floats extends EvaluatedTensor {
  readonly data: Float64Array;
}

export interface Integers extends EvaluatedTensor {
  readonly data: BigInt64Array;
}

export interface RandomTensors {
  /** Uniform in [low, high). */
  floats(shape: Shape, low?: number, high?: number): Floats;
  /** Of either sign, at least `gap` from 0 and below 2: away from corners. */
  awayFromZero(shape: Shape, gap?: number): Floats;
  /** int64, uniform in [0, below). */
  integers(shape: Shape, below: number): Integers;
}

export function randomTensors(seed: number): RandomTensors {
  const next = randomNumbers(seed);
  const fill = (shape: Shape, make: () => number): Floats => ({
    type: "float64",
    shape,
    data: Float64Array.from({ length: countOf(shape) }, make),
  });
  return {
    floats: (shape, low = -1.5, high = 1.5) => fill(shape, () => low + (high - low) * next()),
    awayFromZero: (shape, gap = 0.1) => fill(shape, () => (next() < 0.5 ? -1 : 1) * (gap + (2 - gap) * next())),
    integers: (shape, below) => ({
      type: "int64",
      shape,
      data: BigInt64Array.from({ length: countOf(shape) }, () => BigInt(Math.floor(next() * below))),
    }),
  };
}
