/** For tests: runs a program through ONNX Runtime and through the float64 evaluator, and measures how far they are apart. */
import { type CompileOptions, compile } from "../../compile.ts";
import type { Program } from "../../ir/program.ts";
import { type HostTensor, hostTensor } from "../../runtime/host-tensor.ts";
import { evaluateProgram } from "../evaluate/evaluate-program.ts";

/** A linear congruential generator in [−1, 1), so that failures repeat. */
export function randomFloats(
  seed: number,
): (shape: readonly number[], from?: number, to?: number) => HostTensor<"float32"> {
  let state = seed >>> 0;
  return (shape, from = -1, to = 1) => {
    const tensor = hostTensor("float32", shape);
    for (let i = 0; i < tensor.data.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      tensor.data[i] = from + ((to - from) * state) / 2 ** 32;
    }
    return tensor;
  };
}

export function integers(shape: readonly number[], values: readonly number[]): HostTensor<"int64"> {
  return hostTensor("int64", shape, BigInt64Array.from(values, BigInt));
}

/** Largest difference of two outputs of one name, relative to the larger of 1 and the output's largest magnitude. */
export function relativeError(found: ArrayLike<number | bigint>, expected: ArrayLike<number | bigint>): number {
  let difference = found.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  let largest = 1;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(found[i]), Number(expected[i])];
    if (a === b) continue; // infinities among them
    const distance = Math.abs(a - b);
    difference = Math.max(difference, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
    largest = Math.max(largest, Math.abs(b));
  }
  return difference / largest;
}

/** The worst relative error over all outputs. */
export async function errorAgainstEvaluator(
  program: Program,
  inputs: Readonly<Record<string, HostTensor>>,
  options: CompileOptions = {},
): Promise<number> {
  const executable = compile(program, options);
  try {
    const found = await executable.run(inputs);
    const expected = evaluateProgram(program, inputs);
    return Math.max(0, ...Object.keys(expected).map((name) => relativeError(found[name]!.data, expected[name]!.data)));
  } finally {
    executable.release();
  }
}
