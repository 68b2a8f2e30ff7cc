// Programs drawn at random: values read many times, in several shapes, in parts, and joined again. Whatever their graph,
// the gradients match central differences; tolerance 1e-7 of the largest element.
import fc from "fast-check";
import { expect, test } from "vitest";
import { concat, reshape, slice, swapLastAxes } from "../ops/axes.ts";
import { add, multiply, sine, stopGradient, subtract, tanh } from "../ops/elementwise.ts";
import { linear, matMul } from "../ops/linear-algebra.ts";
import { softmax } from "../ops/normalisation.ts";
import { cumulativeSum, mean } from "../ops/reductions.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { gradientError, weightedSum } from "../testing/gradient-error.ts";
import { randomTensors } from "../testing/random-tensors.ts";
import type { Tensor } from "../trace/tensor.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { withGradients } from "./gradient.ts";

/** Each takes two earlier values of shape [2, 4] and gives another one, kept small by tanh where it could grow. */
const steps: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  (a, b) => add(a, b),
  (a, b) => tanh(multiply(a, b)),
  (a) => sine(a),
  (a, b) => subtract(softmax(a), tanh(b)),
  (a) => reshape(tanh(reshape(a, [4, 2])), [2, 4]),
  (a, b) => reshape(multiply(reshape(a, [8]), tanh(reshape(b, [8]))), [2, 4]),
  (a, b) => concat([slice(a, 1, 2), slice(b, 1, 0, 2)], 1),
  (a, b) => concat([slice(a, 0, 1), slice(b, 0, 0, 1)], 0),
  (a, b) =>
    reshape(
      concat(
        [slice(reshape(a, [4, 2]), 0, 1, 3), slice(reshape(b, [8, 1]), 0, 4)].map((x) => reshape(x, [2, 2])),
        1,
      ),
      [2, 4],
    ),
  (a, b) => tanh(linear(a, reshape(concat([a, b], 0), [4, 4]))),
  (a, b) => tanh(matMul(matMul(a, b, { transposeB: true }), b, { scale: 0.5 })),
  (a) => multiply(add(a, mean(a, { axes: [0], keepDimensions: true })), 0.5),
  (a, b) => add(a, mean(b, { axes: [1], keepDimensions: true })),
  (a) => tanh(cumulativeSum(a, 1)),
  (a) => reshape(swapLastAxes(a), [2, 4]),
  (a, b) => add(a, multiply(stopGradient(slice(b, 0, 0, 1)), 0)),
];

const programs = fc.array(fc.tuple(fc.nat({ max: steps.length - 1 }), fc.nat({ max: 20 }), fc.nat({ max: 20 })), {
  minLength: 1,
  maxLength: 8,
});

test("gradients of random programs match central differences", () => {
  fc.assert(
    fc.property(programs, fc.integer(), (program, seed) => {
      const random = randomTensors(seed);
      const inputs = { x: random.floats([2, 4], -0.8, 0.8), y: random.floats([2, 4], -0.8, 0.8) };
      const error = gradientError(inputs, ({ x, y }) => {
        const values = [x, y];
        for (const [step, a, b] of program) {
          values.push(steps[step]!(values[a % values.length]!, values[b % values.length]!));
        }
        return add(values.at(-1)!, values.at(-2)!);
      });
      expect(error).toBeLessThan(1e-7);
    }),
    { numRuns: 150 },
  );
});

test("parts of one value under two of its shapes add up", () => {
  const x = randomTensors(1).floats([2, 4]);
  const program = traceProgram({ x }, (inputs) => {
    const flat = reshape(inputs.x!, [8]);
    return { loss: add(weightedSum(slice(flat, 0, 0, 3)), weightedSum(slice(inputs.x!, 1, 3))) };
  });
  const { "gradient.x": gradient } = evaluateProgram(withGradients(program, { of: "loss", to: ["x"] }), { x });
  expect(Array.from(gradient!.data as Float64Array, (value) => value > 0)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    true,
  ]);
});
