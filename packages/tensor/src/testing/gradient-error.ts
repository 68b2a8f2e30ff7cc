/** Gradients of programs against central differences, both through the float64 evaluator. */

import { constant } from "../ops/constants.ts";
import { multiply } from "../ops/elementwise.ts";
import { sum } from "../ops/reductions.ts";
import { type GradientOptions, gradientName, withGradients } from "../passes/gradient.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import type { EvaluatedTensor } from "../rules/evaluate/evaluated-tensor.ts";
import type { Tensor } from "../trace/tensor.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { randomNumbers } from "./random-tensors.ts";

export type Inputs = Readonly<Record<string, EvaluatedTensor>>;

/** Every element weighted differently and summed, so that errors in single elements cannot cancel. */
export function weightedSum(x: Tensor): Tensor {
  const next = randomNumbers(77);
  const count = x.shape.reduce((product, length) => product * length, 1);
  const weights = Array.from({ length: count }, () => 0.5 + next());
  return sum(multiply(x, constant(x.type, x.shape, weights)));
}

/** A fourth-order difference: its own error is about h⁴ = 1e-12 and 1e-16 / h = 1e-13 of rounding. */
const step = 1e-3;
const stencil = [
  [1, 8],
  [-1, -8],
  [2, -1],
  [-2, 1],
] as const;

function numericalGradient(loss: (inputs: Inputs) => number, inputs: Inputs, name: string): Float64Array {
  const tensor = inputs[name]!;
  return Float64Array.from(tensor.data as Float64Array, (_, position) => {
    let total = 0;
    for (const [offset, weight] of stencil) {
      const data = Float64Array.from(tensor.data as Float64Array);
      data[position]! += offset * step;
      total += weight * loss({ ...inputs, [name]: { ...tensor, data } });
    }
    return total / (12 * step);
  });
}

/**
 * The worst disagreement over all float inputs, relative to the largest element of each gradient (or to 1e-2 where all
 * are smaller).
 *
 * @param body from inputs to any float tensor; a weighted sum of it is differentiated
 */
export function gradientError<Given extends Inputs>(
  inputs: Given,
  body: (inputs: { readonly [Name in keyof Given]: Tensor }) => Tensor,
  options: Partial<GradientOptions> = {},
): number {
  const to = options.to ?? Object.keys(inputs).filter((name) => inputs[name]!.type === "float64");
  const program = traceProgram(inputs, (tensors) => ({
    loss: weightedSum(body(tensors as { [Name in keyof Given]: Tensor })),
  }));
  const results = evaluateProgram(withGradients(program, { of: "loss", ...options, to }), inputs);
  const loss = (changed: Inputs) => Number(evaluateProgram(program, changed).loss!.data[0]);
  let worst = 0;
  for (const name of to) {
    const expected = numericalGradient(loss, inputs, name);
    const found = results[gradientName(name)]!.data as Float64Array;
    const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-2);
    expected.forEach((value, i) => {
      const error = Math.abs(found[i]! - value) / largest;
      worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
    });
  }
  return worst;
}
