import fc from "fast-check";
import { expect, test } from "vitest";
import type { Program } from "../ir/program.ts";
import { broadcastTo, concat, reshape, slice, swapLastAxes, transpose } from "../ops/axes.ts";
import { filled } from "../ops/constants.ts";
import { add, exp, multiply, sigmoid, silu, subtract, tanh } from "../ops/elementwise.ts";
import { linear, matMul } from "../ops/linear-algebra.ts";
import { rmsNorm, softmax } from "../ops/normalisation.ts";
import { mean } from "../ops/reductions.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { randomFloats, relativeError } from "../rules/onnx/against-evaluator.ts";
import type { Tensor } from "../trace/tensor.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { withGradients } from "./gradient.ts";
import { optimise } from "./optimise.ts";

/** Steps that keep the shape [4, 6], so that any sequence of them is a program. The second operand is any earlier value. */
const steps: ((x: Tensor, y: Tensor, weight: Tensor) => Tensor)[] = [
  (x, y) => add(x, y),
  (x, y) => subtract(x, multiply(y, 0.5)),
  (x, y) => multiply(tanh(x), y),
  (x) => silu(x),
  (x) => sigmoid(x),
  (x) => softmax(x),
  (x) => exp(multiply(tanh(x), 0.3)),
  (x, _, weight) => linear(x, weight),
  (x, y, weight) => add(multiply(linear(x, weight), 0.5), y),
  (x, y, weight) => linear(x, weight, { residual: y }),
  (x, y) => matMul(matMul(x, swapLastAxes(y)), x, { scale: 0.1 }),
  (x) => reshape(reshape(x, [24]), [4, 6]),
  (x) => transpose(transpose(x, [1, 0]), [1, 0]),
  (x, y) => concat([slice(x, 1, 0, 2), slice(y, 1, 2, 6)], 1),
  (x) => multiply(x, filled([4, 6], 0.5)),
  (x) => broadcastTo(mean(x, { axes: [0], keepDimensions: true }), [4, 6]),
  (x) => rmsNorm(x, filled([6], 1), 1e-5),
];

function programOf(choices: readonly [step: number, other: number][]): Program {
  const specs = { x: { type: "float32", shape: [4, 6] }, w: { type: "float32", shape: [6, 6] } } as const;
  return traceProgram(specs, ({ x, w }) => {
    const values = [x!];
    for (const [step, other] of choices) values.push(steps[step]!(values.at(-1)!, values[other % values.length]!, w!));
    return { y: values.at(-1)!, loss: mean(values.at(-1)!) };
  });
}

const choices = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(20)), { minLength: 1, maxLength: 12 });

test("an optimised program gives the results of the program it came from, gradients included", () => {
  fc.assert(
    fc.property(choices, fc.nat(), (chosen, seed) => {
      const floats = randomFloats(seed);
      const inputs = { x: floats([4, 6]), w: floats([6, 6]) };
      const program = withGradients(programOf(chosen), { of: "loss", to: ["x", "w"] });
      const expected = evaluateProgram(program, inputs);
      const found = evaluateProgram(optimise(program), inputs);
      for (const [name, { data }] of Object.entries(expected)) {
        expect(relativeError(found[name]!.data, data), name).toBeLessThan(1e-6);
      }
    }),
    { numRuns: 150 },
  );
});

test("each pass can be watched", () => {
  const seen: string[] = [];
  optimise(programOf([[0, 0]]), { onPass: (pass, { operations }) => seen.push(`${pass}: ${operations.length}`) });
  expect(seen[0]).toBe("traced: 2");
  expect(seen.length).toBeGreaterThan(5);
});
