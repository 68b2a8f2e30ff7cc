// Softmax and the layer normalisations against central differences; tolerance 1e-8 of the largest element. Rows of random
// numbers may be nearly constant, where a normalisation turns within √epsilon: there the differences are good to 1e-6.
import fc from "fast-check";
import { expect, test } from "vitest";
import { layerNorm, logSoftmax, rmsNorm, softmax } from "../../ops/normalisation.ts";
import { gradientError } from "../../testing/gradient-error.ts";
import { randomTensors } from "../../testing/random-tensors.ts";

const tolerance = 1e-8;
const toleranceOfRandomRows = 1e-6;
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
const epsilons = fc.constantFrom(1e-1, 1e-2);

test.each([
  ["softmax", softmax],
  ["logSoftmax", logSoftmax],
])("%s", (_, f) => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, seed) => {
      const x = randomTensors(seed).floats(shape, -3, 3);
      expect(gradientError({ x }, (inputs) => f(inputs.x!))).toBeLessThan(tolerance);
    }),
    { numRuns: 25 },
  );
});

test("layerNorm, with and without bias", () => {
  fc.assert(
    fc.property(shapes, epsilons, fc.boolean(), fc.integer(), (shape, epsilon, hasBias, seed) => {
      const random = randomTensors(seed);
      const parameter = shape.slice(-1);
      const inputs = {
        x: random.floats(shape),
        weight: random.floats(parameter),
        ...(hasBias && { bias: random.floats(parameter) }),
      };
      const error = gradientError(inputs, ({ x, weight, bias }) => layerNorm(x!, weight!, bias, epsilon));
      expect(error).toBeLessThan(toleranceOfRandomRows);
    }),
    { numRuns: 30 },
  );
});

test("rmsNorm", () => {
  fc.assert(
    fc.property(shapes, epsilons, fc.integer(), (shape, epsilon, seed) => {
      const random = randomTensors(seed);
      const inputs = { x: random.floats(shape), weight: random.floats(shape.slice(-1)) };
      expect(gradientError(inputs, ({ x, weight }) => rmsNorm(x!, weight!, epsilon))).toBeLessThan(
        toleranceOfRandomRows,
      );
    }),
    { numRuns: 30 },
  );
});

test("the usual small epsilons, on rows that are not constant", () => {
  for (const epsilon of [1e-5, 1e-6]) {
    const random = randomTensors(12);
    const inputs = { x: random.floats([5, 8]), weight: random.floats([8]) };
    expect(gradientError(inputs, ({ x, weight }) => rmsNorm(x!, weight!, epsilon))).toBeLessThan(tolerance);
    expect(gradientError(inputs, ({ x, weight }) => layerNorm(x!, weight!, undefined, epsilon))).toBeLessThan(
      tolerance,
    );
  }
});
