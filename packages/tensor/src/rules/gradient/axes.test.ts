// Moving, stretching and reducing, against central differences; tolerance 1e-8 of the largest element.
import fc from "fast-check";
import { expect, test } from "vitest";
import * as axes from "../../ops/axes.ts";
import { multiply } from "../../ops/elementwise.ts";
import * as reductions from "../../ops/reductions.ts";
import { withGradients } from "../../passes/gradient.ts";
import { gradientError, weightedSum } from "../../testing/gradient-error.ts";
import { randomTensors } from "../../testing/random-tensors.ts";
import { traceProgram } from "../../trace/trace-program.ts";
import { evaluateProgram } from "../evaluate/evaluate-program.ts";

const tolerance = 1e-8;
const seeds = fc.integer();
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });

test("reshape, and sums of one tensor read in several shapes", () => {
  fc.assert(
    fc.property(shapes, seeds, (shape, seed) => {
      const x = randomTensors(seed).floats(shape);
      const error = gradientError({ x }, (inputs) => {
        const flat = axes.reshape(inputs.x!, [-1]);
        const square = multiply(inputs.x!, inputs.x!);
        return multiply(axes.reshape(square, [-1]), multiply(flat, axes.reshape(flat, [x.data.length])));
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 20 },
  );
});

test("transpose by any permutation", () => {
  const permuted = shapes.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.shuffledSubarray(
        shape.map((_, i) => i),
        { minLength: shape.length },
      ),
    ),
  );
  fc.assert(
    fc.property(permuted, seeds, ([shape, permutation], seed) => {
      const x = randomTensors(seed).floats(shape);
      expect(gradientError({ x }, (i) => axes.transpose(multiply(i.x!, i.x!), permutation))).toBeLessThan(tolerance);
    }),
    { numRuns: 20 },
  );
});

test("slices of any range, overlapping ones and those of different axes added", () => {
  const range = (length: number) =>
    fc
      .tuple(fc.nat({ max: length - 1 }), fc.nat({ max: length - 1 }))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
  const cases = shapes.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.array(
        fc.nat({ max: shape.length - 1 }).chain((axis) => fc.tuple(fc.constant(axis), range(shape[axis]!))),
        { minLength: 1, maxLength: 4 },
      ),
    ),
  );
  fc.assert(
    fc.property(cases, seeds, ([shape, slices], seed) => {
      const x = randomTensors(seed).floats(shape);
      const error = gradientError({ x }, (inputs) => {
        const square = multiply(inputs.x!, inputs.x!);
        const parts = slices.map(([axis, [from, to]]) => weightedSum(axes.slice(square, axis, from, to)));
        return axes.concat(
          parts.map((part) => axes.reshape(part, [1])),
          0,
        );
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 25 },
  );
});

test("the gradient of splitting is one concatenation, without zeros or sums", () => {
  const program = traceProgram({ x: { type: "float64", shape: [2, 6] } }, ({ x }) => {
    const [a, b, c] = axes.split(multiply(x!, 2), 1, [1, 2, 3]);
    return { loss: weightedSum(axes.concat([c!, a!, b!], 1)) };
  });
  const gradients = withGradients(program, { of: "loss", to: ["x"] }).operations.slice(program.operations.length);
  expect(gradients.map(({ operator }) => operator).filter((name) => name === "add" || name === "concat")).toEqual([
    "concat",
  ]);
  const x = randomTensors(3).floats([2, 6]);
  const body = (t: Parameters<typeof axes.split>[0]) => {
    const [a, b, c] = axes.split(multiply(t, t), 1, [1, 2, 3]);
    return axes.concat([c!, a!, b!, a!], 1);
  };
  expect(gradientError({ x }, (inputs) => body(inputs.x!))).toBeLessThan(tolerance);
});

test("concat along any axis", () => {
  const cases = shapes.chain((shape) =>
    fc.tuple(fc.constant(shape), fc.nat({ max: shape.length - 1 }), fc.integer({ min: 1, max: 3 })),
  );
  fc.assert(
    fc.property(cases, seeds, ([shape, axis, length], seed) => {
      const random = randomTensors(seed);
      const inputs = {
        a: random.floats(shape),
        b: random.floats(shape.map((n, i) => (i === axis ? length : n))),
      };
      const error = gradientError(inputs, ({ a, b }) => {
        const joined = axes.concat([a!, b!, a!], axis);
        return multiply(joined, joined);
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 20 },
  );
});

test("broadcastTo", () => {
  const x = randomTensors(1).floats([3, 1]);
  expect(gradientError({ x }, (i) => axes.broadcastTo(multiply(i.x!, i.x!), [2, 3, 4]))).toBeLessThan(tolerance);
});

const reduced = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axes: fc.subarray(shape.map((_, axis) => axis)),
    keepDimensions: fc.boolean(),
  }),
);

test.each([
  ["sum", reductions.sum],
  ["mean", reductions.mean],
  ["max", reductions.max],
])("%s over any axes", (_, reduce) => {
  fc.assert(
    fc.property(reduced, seeds, ({ shape, ...options }, seed) => {
      const x = randomTensors(seed).floats(shape);
      const sorted = Array.from(x.data, Number).sort((a, b) => a - b);
      fc.pre(sorted.every((value, i) => i === 0 || value - sorted[i - 1]! > 0.005)); // max has a corner at ties
      const error = gradientError({ x }, (inputs) => {
        const y = reduce(inputs.x!, options);
        return multiply(y, y);
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 25 },
  );
});

test("elements tied for the maximum share its gradient equally", () => {
  const x = { type: "float64" as const, shape: [2, 3], data: Float64Array.of(1, 5, 5, 7, 7, 7) };
  const program = traceProgram({ x }, (inputs) => ({ loss: reductions.sum(reductions.max(inputs.x!, { axes: [1] })) }));
  const { "gradient.x": gradient } = evaluateProgram(withGradients(program, { of: "loss", to: ["x"] }), { x });
  expect([...gradient!.data]).toEqual([0, 1 / 2, 1 / 2, 1 / 3, 1 / 3, 1 / 3]);
});

test("cumulativeSum, either way along any axis", () => {
  const cases = shapes.chain((shape) => fc.tuple(fc.constant(shape), fc.nat({ max: shape.length - 1 }), fc.boolean()));
  fc.assert(
    fc.property(cases, seeds, ([shape, axis, reverse], seed) => {
      const x = randomTensors(seed).floats(shape);
      const error = gradientError({ x }, (i) => reductions.cumulativeSum(multiply(i.x!, i.x!), axis, reverse));
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 25 },
  );
});

test("logSumExp and maskedMean", () => {
  const random = randomTensors(5);
  const x = random.floats([3, 4]);
  const mask = { ...random.integers([3, 4], 2), type: "float64" as const };
  const floatMask = { ...mask, data: Float64Array.from(mask.data, Number) };
  expect(gradientError({ x }, (i) => reductions.logSumExp(i.x!))).toBeLessThan(tolerance);
  const error = gradientError({ x, mask: floatMask }, (i) => reductions.maskedMean(i.x!, i.mask!), { to: ["x"] });
  expect(error).toBeLessThan(tolerance);
});
