/** Cosines and sines of rotary positions, with the frequencies of each scaling. Turning the vectors is the tensor package's. */
import { constant, type Tensor } from "@myna/tensor";
import type { Positions, RotaryScaling } from "../config/decoder-config.ts";

type RotaryPositions = Extract<Positions, { kind: "rotary" }>;

export interface RotaryTables {
  /** [positions, headDim / 2] */
  readonly cosines: Float32Array<ArrayBuffer>;
  /** As cosines. */
  readonly sines: Float32Array<ArrayBuffer>;
}

const { fround } = Math;

/**
 * Radians per position of each pair: theta^(−2i / headDim), scaled.
 *
 * Every step is rounded to f32 as transformers computes it: at position 30,000 an unrounded frequency would turn the
 * fastest pairs by another thousandth of a radian than the one that published weights were trained with.
 *
 * @returns [headDim / 2]
 * @see Su et al. 2021, arXiv:2104.09864 §3.2
 */
export function rotaryFrequencies({ theta, scaling }: RotaryPositions, headDim: number): number[] {
  return Array.from({ length: headDim / 2 }, (_, pair) => {
    const frequency = fround(1 / fround(theta ** fround((2 * pair) / headDim)));
    return scaling === undefined ? frequency : fround(scaleFrequency(frequency, scaling));
  });
}

function scaleFrequency(frequency: number, scaling: RotaryScaling): number {
  if (scaling.kind === "linear") return frequency / scaling.factor;
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalContext / highFrequencyFactor) return frequency;
  if (wavelength > originalContext / lowFrequencyFactor) return frequency / factor;
  const smooth = (originalContext / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

/** @param length positions from 0 to length − 1 */
export function rotaryTables(positions: RotaryPositions, headDim: number, length: number): RotaryTables {
  const frequencies = rotaryFrequencies(positions, headDim);
  const half = headDim / 2;
  const cosines = new Float32Array(length * half);
  const sines = new Float32Array(length * half);
  for (let position = 0; position < length; position++) {
    for (let pair = 0; pair < half; pair++) {
      const angle = fround(position * frequencies[pair]!);
      cosines[position * half + pair] = Math.cos(angle);
      sines[position * half + pair] = Math.sin(angle);
    }
  }
  return { cosines, sines };
}

/** The tables as constants of the program being traced, each [length, headDim / 2]. */
export function rotaryConstants(
  positions: RotaryPositions,
  headDim: number,
  length: number,
): { cosines: Tensor; sines: Tensor } {
  const { cosines, sines } = rotaryTables(positions, headDim, length);
  const shape = [length, headDim / 2];
  return { cosines: constant("float32", shape, cosines), sines: constant("float32", shape, sines) };
}
