// Masks are compared as statistics of 20,000 draws; a bound of 4.5 standard errors fails once in 150,000 honest tests,
// and the seeds are fixed, so these never fail by chance.
import { describe, expect, test } from "vitest";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { gradientError } from "../testing/gradient-error.ts";
import { randomTensors } from "../testing/random-tensors.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { dropout } from "./dropout.ts";

const count = 20_000;
const ones = { type: "float64" as const, shape: [count], data: new Float64Array(count).fill(1) };
const seedOf = (seed: number) => ({ type: "int64" as const, shape: [], data: BigInt64Array.of(BigInt(seed)) });

/** What dropout makes of ones. */
function dropped(probability: number, seed: number, site: number): Float64Array {
  const inputs = { x: ones, seed: seedOf(seed) };
  const program = traceProgram(inputs, ({ x, seed }) => ({ y: dropout(x!, probability, seed!, site) }));
  return evaluateProgram(program, inputs).y!.data as Float64Array;
}

const kept = (y: Float64Array): number[] => Array.from(y, (value) => (value === 0 ? 0 : 1));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Pearson's correlation of two lists. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const covariance = mean(a.map((x, i) => (x - ma) * (b[i]! - mb)));
  const deviation = (values: readonly number[], m: number) => Math.sqrt(mean(values.map((x) => (x - m) ** 2)));
  return covariance / (deviation(a, ma) * deviation(b, mb));
}

const standardErrors = 4.5;
const correlationBound = standardErrors / Math.sqrt(count);
const seeds = [0, 1, 2, 12_345, 2 ** 30 - 1];

describe("dropout", () => {
  test("gives the same mask for the same seed and site", () => {
    expect(dropped(0.3, 7, 2)).toEqual(dropped(0.3, 7, 2));
  });

  test.each([0.05, 0.1, 0.5, 0.9])(
    "drops a share of %s and scales the others so that the mean stays",
    (probability) => {
      const bound = standardErrors * Math.sqrt((probability * (1 - probability)) / count);
      for (const seed of seeds) {
        const y = dropped(probability, seed, 3);
        expect(Math.abs(1 - mean(kept(y)) - probability)).toBeLessThan(bound);
        expect(new Set(y)).toEqual(new Set([0, 1 / (1 - probability)]));
      }
    },
  );

  test("leaves neighbours, near and a row apart, uncorrelated", () => {
    for (const seed of seeds) {
      const mask = kept(dropped(0.5, seed, 0));
      for (const lag of [1, 2, 3, 7, 64, 128, 384, 512, 768]) {
        expect(Math.abs(correlation(mask.slice(lag), mask.slice(0, -lag)))).toBeLessThan(correlationBound * 1.02);
      }
    }
  });

  test("gives unrelated masks to neighbouring seeds and sites", () => {
    const reference = kept(dropped(0.5, 100, 5));
    for (const [seed, site] of [
      [101, 5],
      [102, 5],
      [100, 6],
      [100, 7],
      [101, 6],
      [99, 6],
      [101, 4],
    ] as const) {
      expect(Math.abs(correlation(reference, kept(dropped(0.5, seed, site))))).toBeLessThan(correlationBound);
    }
  });

  test("does not repeat one site's mask, moved along, at another seed or site", () => {
    const reference = kept(dropped(0.5, 100, 5));
    const others = [
      [101, 5],
      [100, 6],
      [100 + 48_271, 5],
      [100 + 69_621, 4],
    ] as const;
    for (const [seed, site] of others) {
      const other = kept(dropped(0.5, seed, site));
      for (let shift = -3; shift <= 3; shift++) {
        const [a, b] = [reference.slice(3, -3), other.slice(3 + shift, other.length - 3 + shift)];
        expect(Math.abs(correlation(a, b))).toBeLessThan(correlationBound * 1.02);
      }
    }
  });

  test("with probability 0 is the tensor itself", () => {
    const inputs = { x: ones, seed: seedOf(1) };
    expect(traceProgram(inputs, ({ x, seed }) => ({ y: dropout(x!, 0, seed!, 0) })).operations).toEqual([]);
  });

  test("passes the gradient of what it kept, by the same mask", () => {
    const inputs = { x: randomTensors(1).floats([4, 5]), seed: seedOf(9) };
    expect(gradientError(inputs, ({ x, seed }) => dropout(x!, 0.4, seed!, 1))).toBeLessThan(1e-8);
  });
});
