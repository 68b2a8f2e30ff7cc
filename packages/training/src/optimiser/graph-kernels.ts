/**
 * An optimiser's arithmetic as compiled programs: for models beyond WebAssembly's 4 GiB, on all threads. Arrays are taken
 * in blocks, so that the programs' intermediate values stay small beside the model.
 */

import {
  type AdamWStep,
  add,
  type Binding,
  cast,
  compile,
  divide,
  type Executable,
  type HostTensor,
  hostTensor,
  multiply,
  sqrt,
  subtract,
  sum,
  symbolicLength,
  type TensorSpec,
  traceProgram,
} from "@myna/tensor";
import type { Floats, OptimizerKernels } from "./optimizer-kernels.ts";

export interface GraphKernelOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Elements per run. Default 1,048,576: 4 MiB per array. */
  readonly blockLength?: number;
}

type Scalars<Name extends string> = Record<Name, HostTensor<"float32">>;

const block: TensorSpec = { type: "float32", shape: [symbolicLength("n")] };
const number: TensorSpec = { type: "float32", shape: [] };

export function createGraphKernels(options: GraphKernelOptions): OptimizerKernels {
  const { blockLength = 2 ** 20 } = options;
  const programs = {
    adamw: compile(adamwProgram(options)),
    accumulate: compile(
      traceProgram({ target: block, source: block, weight: number }, ({ target, source, weight }) => ({
        "target.next": add(target!, multiply(source!, weight!)),
      })),
    ),
    sumOfSquares: compile(traceProgram({ x: block }, ({ x }) => ({ sum: sum(cast(multiply(x!, x!), "float64")) }))),
  };
  const updateScalars = scalars("stepSize", "correction", "decay", "gradientScale");
  const accumulateScalars = scalars("weight");
  const total = hostTensor("float64", []);
  const bindings = new BindingCache(blockLength);
  return {
    kind: "graph",
    allocate: (length) => new Float32Array(length),
    sumOfSquares(x) {
      let result = 0;
      for (const binding of bindings.get(programs.sumOfSquares, { x }, {}, { sum: total })) {
        binding.run();
        result += total.data[0]!;
      }
      return result;
    },
    firstNonFinite(x) {
      const index = x.findIndex((value) => !Number.isFinite(value));
      return index < 0 ? undefined : index;
    },
    accumulate(target, source, weight) {
      accumulateScalars.weight.data[0] = weight;
      for (const binding of bindings.get(programs.accumulate, { target, source }, accumulateScalars)) binding.run();
    },
    adamw(step) {
      setUpdateScalars(updateScalars, step);
      const { parameter, gradient, firstMoment, secondMoment } = step;
      const arrays = { parameter, gradient, firstMoment, secondMoment };
      for (const binding of bindings.get(programs.adamw, arrays, updateScalars)) binding.run();
    },
    release() {
      bindings.release();
      for (const program of Object.values(programs)) program.release();
    },
  };
}

/**
 * Outputs are written over the inputs they replace. Each of those inputs is read by one operation alone, which comes
 * before its output is written.
 */
function adamwProgram({ beta1, beta2, epsilon }: GraphKernelOptions) {
  const inputs = {
    parameter: block,
    gradient: block,
    firstMoment: block,
    secondMoment: block,
    stepSize: number,
    correction: number,
    decay: number,
    gradientScale: number,
  };
  return traceProgram(inputs, (x) => {
    const gradient = multiply(x.gradient!, x.gradientScale!);
    const first = add(multiply(x.firstMoment!, beta1), multiply(gradient, 1 - beta1));
    const second = add(multiply(x.secondMoment!, beta2), multiply(multiply(gradient, gradient), 1 - beta2));
    const divisor = add(multiply(sqrt(second), x.correction!), epsilon);
    const change = divide(multiply(first, x.stepSize!), divisor);
    return {
      "parameter.next": subtract(multiply(x.parameter!, x.decay!), change),
      "firstMoment.next": first,
      "secondMoment.next": second,
    };
  });
}

/** As the WebAssembly kernel takes them, so that both give the same update. */
function setUpdateScalars(
  target: Scalars<"stepSize" | "correction" | "decay" | "gradientScale">,
  { learningRate, beta1, beta2, weightDecay, step, gradientScale = 1 }: AdamWStep,
): void {
  target.stepSize.data[0] = learningRate / (1 - beta1 ** step);
  target.correction.data[0] = 1 / Math.sqrt(1 - beta2 ** step);
  target.decay.data[0] = 1 - learningRate * weightDecay;
  target.gradientScale.data[0] = gradientScale;
}

function scalars<Name extends string>(...names: readonly Name[]): Scalars<Name> {
  return Object.fromEntries(names.map((name) => [name, hostTensor("float32", [])])) as Scalars<Name>;
}

/** Bindings of each program to the blocks of the arrays it was used with, made at the first use. */
class BindingCache {
  readonly #blockLength: number;
  readonly #bindings = new Map<Executable, Map<string, Binding[]>>();
  readonly #numbers = new Map<Floats, number>();

  constructor(blockLength: number) {
    this.#blockLength = blockLength;
  }

  /**
   * @param arrays  of one length; together they tell bindings apart. An output "NAME.next" is written over the input NAME
   * @param scalars inputs without blocks
   * @param outputs that replace no input
   */
  get(
    program: Executable,
    arrays: Readonly<Record<string, Floats>>,
    scalars: Readonly<Record<string, HostTensor>>,
    outputs: Readonly<Record<string, HostTensor>> = {},
  ): readonly Binding[] {
    const all = Object.values(arrays) as [Floats, ...Floats[]];
    const [{ length }] = all;
    const key = all.map((array) => this.#numberOf(array)).join();
    let byArray = this.#bindings.get(program);
    if (byArray === undefined) {
      byArray = new Map();
      this.#bindings.set(program, byArray);
    }
    let bindings = byArray.get(key);
    if (bindings === undefined) {
      bindings = [];
      for (let start = 0; start < length; start += this.#blockLength) {
        const end = Math.min(length, start + this.#blockLength);
        const tensors = Object.fromEntries(
          Object.entries(arrays).map(([name, array]) => [
            name,
            hostTensor("float32", [end - start], array.subarray(start, end)),
          ]),
        );
        const replaced = [...program.outputs.keys()].filter((name) => name.endsWith(".next"));
        const written = Object.fromEntries(replaced.map((name) => [name, tensors[name.slice(0, -".next".length)]!]));
        bindings.push(program.bind({ ...tensors, ...scalars }, { ...written, ...outputs }));
      }
      byArray.set(key, bindings);
    }
    return bindings;
  }

  #numberOf(array: Floats): number {
    const known = this.#numbers.get(array);
    if (known !== undefined) return known;
    this.#numbers.set(array, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  release(): void {
    for (const byArray of this.#bindings.values()) {
      for (const bindings of byArray.values()) for (const binding of bindings) binding.release();
    }
    this.#bindings.clear();
  }
}
