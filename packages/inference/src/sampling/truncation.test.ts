import fc from "fast-check";
import { expect, test } from "vitest";
import { largestIndices } from "./log-probabilities.ts";
import { cutTokens, eachKept, type Truncation } from "./truncation.ts";

/** Ids that remain, in order. */
function remaining(logits: Float32Array, truncation: Truncation): number[] | undefined {
  const cut = cutTokens(logits, truncation);
  if (cut === undefined) return undefined;
  const ids: number[] = [];
  eachKept(logits, cut, (_, id) => ids.push(id));
  return ids;
}

/** Probabilities, a full sort, and one filter after the other. */
function truncateSlowly(logits: Float32Array, { topK, topP, minP }: Truncation): number[] {
  const largest = Math.max(...logits);
  let kept = [...logits].map((logit, id) => ({ id, weight: Math.exp(logit - largest) }));
  kept.sort((a, b) => b.weight - a.weight || a.id - b.id);
  if (topK > 0) kept = kept.slice(0, topK);
  if (topP < 1) {
    const total = kept.reduce((sum, { weight }) => sum + weight, 0);
    let before = 0;
    kept = kept.filter(({ weight }) => {
      const isNeeded = before < topP * total;
      before += weight;
      return isNeeded;
    });
  }
  return kept.filter(({ weight }, rank) => rank === 0 || weight >= minP).map(({ id }) => id);
}

// Quarters make ties common, and their exponentials are far enough apart for one answer to be right.
const anyLogits = fc
  .array(fc.integer({ min: -80, max: 80 }), { minLength: 1, maxLength: 60 })
  .map((quarters) => Float32Array.from(quarters, (quarter) => quarter / 4));
const truncation = fc.record({
  topK: fc.nat({ max: 70 }),
  topP: fc.oneof(fc.constant(1), fc.double({ min: 0.001, max: 0.9999, noNaN: true })),
  minP: fc.oneof(fc.constant(0), fc.double({ min: 0.0001, max: 1, noNaN: true })),
});

test("top-k, top-p and min-p keep what sorting and filtering in turn keeps", () => {
  fc.assert(
    fc.property(anyLogits, truncation, (values, options) => {
      const kept = remaining(values, options) ?? [...values.keys()];
      expect(kept).toEqual(truncateSlowly(values, options).sort((a, b) => a - b));
    }),
    { numRuns: 3000 },
  );
});

test("the likeliest token always remains", () => {
  const values = Float32Array.of(0, 5, 5, -3);
  expect(remaining(values, { topK: 1, topP: 0.0001, minP: 1 })).toEqual([1]);
  expect(remaining(values, { topK: 0, topP: 0.0001, minP: 0 })).toEqual([1]);
  expect(remaining(values, { topK: 0, topP: 1, minP: 1 })).toEqual([1, 2]);
});

test("nothing to cut is said without work", () => {
  expect(remaining(Float32Array.of(1, 2), { topK: 0, topP: 1, minP: 0 })).toBeUndefined();
  expect(remaining(Float32Array.of(1, 2), { topK: 2, topP: 1, minP: 0 })).toBeUndefined();
});

test("the largest values come out in order, lower index first among equals", () => {
  fc.assert(
    fc.property(anyLogits, fc.nat({ max: 70 }), (values, count) => {
      const all = [...values.keys()].sort((a, b) => values[b]! - values[a]! || a - b);
      expect(largestIndices(values, count)).toEqual(all.slice(0, count));
    }),
  );
});
