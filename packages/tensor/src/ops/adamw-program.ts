/** AdamW as a program, for models whose parameters, gradients and moments do not fit the 4 GB of a WebAssembly memory. */
import type { Program } from "../ir/program.ts";
import type { Shape } from "../ir/shape.ts";
import type { Tensor } from "../trace/tensor.ts";
import type { TensorSpec } from "../trace/trace-program.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { add, divide, multiply, sqrt, subtract } from "./elementwise.ts";
import { sum } from "./reductions.ts";

/** Scalars of a step, inputs of the program; adamwScalars computes them from the options that adamwStep takes. */
export const adamwScalarNames = [
  "gradientScale",
  "firstRate",
  "secondRate",
  "stepSize",
  "inverseCorrection",
  "epsilon",
] as const;

export interface AdamWScalarOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** 1 at the first update. */
  readonly step: number;
  /** Factor on every gradient: the share left by clipping, 1 / accumulated micro-batches. Default 1. */
  readonly gradientScale?: number;
}

export function adamwScalars(options: AdamWScalarOptions): Record<(typeof adamwScalarNames)[number], number> {
  const { learningRate, beta1, beta2, epsilon, step, gradientScale = 1 } = options;
  return {
    gradientScale,
    firstRate: 1 - beta1,
    secondRate: 1 - beta2,
    stepSize: learningRate / (1 - beta1 ** step),
    inverseCorrection: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon,
  };
}

/**
 * One step for a group of parameters. Inputs for each NAME: `NAME`, `gradient.NAME`, `firstMoment.NAME`,
 * `secondMoment.NAME`, and `keep.NAME`, the scalar 1 − learningRate · weightDecay; and adamwScalarNames. Outputs:
 * `next.NAME`, `next.firstMoment.NAME`, `next.secondMoment.NAME`. Bind each to its input's tensor to update in place:
 * every kernel here works element by element, and reads an input for the last time where it writes the output.
 * Norms for clipping come from squaredNormProgram.
 *
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2
 */
export function adamwProgram(parameters: Readonly<Record<string, Shape>>): Program {
  const specs: Record<string, TensorSpec> = {};
  for (const name of adamwScalarNames) specs[name] = { type: "float32", shape: [] };
  for (const [name, shape] of Object.entries(parameters)) {
    for (const prefix of ["", "gradient.", "firstMoment.", "secondMoment."]) {
      specs[`${prefix}${name}`] = { type: "float32", shape };
    }
    specs[`keep.${name}`] = { type: "float32", shape: [] };
  }
  return traceProgram(specs, (inputs) => {
    const { gradientScale, firstRate, secondRate, stepSize, inverseCorrection, epsilon } = inputs;
    const outputs: Record<string, Tensor> = {};
    for (const name of Object.keys(parameters)) {
      const of = (prefix: string) => inputs[`${prefix}${name}`]!;
      const gradient = multiply(of("gradient."), gradientScale!);
      const [m, v] = [of("firstMoment."), of("secondMoment.")];
      const first = add(m, multiply(subtract(gradient, m), firstRate!));
      const second = add(v, multiply(subtract(multiply(gradient, gradient), v), secondRate!));
      const step = divide(multiply(first, stepSize!), add(multiply(sqrt(second), inverseCorrection!), epsilon!));
      outputs[`next.${name}`] = subtract(multiply(of(""), of("keep.")), step);
      outputs[`next.firstMoment.${name}`] = first;
      outputs[`next.secondMoment.${name}`] = second;
    }
    return outputs;
  });
}

/** Sum of the squares of every gradient, `squared.NAME` each: the global norm is the root of their sum. */
export function squaredNormProgram(parameters: Readonly<Record<string, Shape>>): Program {
  const specs = Object.fromEntries(
    Object.entries(parameters).map(([name, shape]) => [`gradient.${name}`, { type: "float32", shape } as const]),
  );
  return traceProgram(specs, (inputs) =>
    Object.fromEntries(
      Object.keys(parameters).map((name) => {
        const gradient = inputs[`gradient.${name}`]!;
        return [`squared.${name}`, sum(multiply(gradient, gradient))];
      }),
    ),
  );
}
