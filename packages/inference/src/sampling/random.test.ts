import fc from "fast-check";
import { expect, test } from "vitest";
import { bitsOfStep, gumbel, gumbelBound, largestGumbel } from "./random.ts";

test("the bound that spares logarithms is never below the noise", () => {
  const bits = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.nat({ max: 31 }).map((shift) => 2 ** shift),
  );
  fc.assert(
    fc.property(bits, (value) => {
      expect(gumbel(value)).toBeLessThanOrEqual(gumbelBound(value));
      expect(gumbel(value)).toBeLessThanOrEqual(largestGumbel);
      expect(Number.isFinite(gumbel(value))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("the noise has Gumbel's mean and variance", () => {
  const bitsOf = bitsOfStep(3, 5);
  const draws = Array.from({ length: 100_000 }, (_, id) => gumbel(bitsOf(id)));
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
  expect(mean).toBeCloseTo(0.5772, 1);
  expect(variance).toBeCloseTo(Math.PI ** 2 / 6, 1);
});

test("seed, step and token each change the bits, high halves of seeds too", () => {
  const some = [
    bitsOfStep(1, 0),
    bitsOfStep(2, 0),
    bitsOfStep(1, 1),
    bitsOfStep(1 + 2 ** 32, 0),
    bitsOfStep(1 + 2 ** 52, 0),
  ];
  const bits = some.flatMap((bitsOf) => [bitsOf(0), bitsOf(1), bitsOf(2)]);
  expect(new Set(bits).size).toBe(bits.length);
});
