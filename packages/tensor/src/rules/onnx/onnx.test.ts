import { describe, expect, test } from "vitest";
import type { OperatorAttributes, OperatorName } from "../../ir/operators.ts";
import { dequantiseWeight, quantiseWeight } from "../../ops/quantised-linear.ts";
import { openCApiRuntime } from "../../runtime/c-api.ts";
import { type HostTensor, hostTensor } from "../../runtime/host-tensor.ts";
import { openNApiRuntime } from "../../runtime/n-api.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import { traceProgram } from "../../trace/trace-program.ts";
import { errorAgainstEvaluator, integers, randomFloats } from "./against-evaluator.ts";

interface Case<N extends OperatorName> {
  readonly inputs: readonly HostTensor[];
  readonly attributes: OperatorAttributes[N];
  /** Largest accepted error. Default 1e-5. */
  readonly tolerance?: number;
}

const floats = randomFloats(7);
const positive = (shape: readonly number[]) => floats(shape, 0.2, 2);
const bools = (shape: readonly number[], values: readonly number[]) =>
  hostTensor("bool", shape, Uint8Array.from(values));

const one = (x: HostTensor) => [{ inputs: [x], attributes: {} }];
const broadcasting = () =>
  [
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [[4], [2, 1, 4]],
    [[], [3]],
  ].map(([a, b]) => ({ inputs: [positive(a!), positive(b!)], attributes: {} }));
const truths = () => [{ inputs: [bools([4], [0, 1, 0, 1]), bools([4], [0, 0, 1, 1])], attributes: {} }];
const reductions = () =>
  [
    [[0], true],
    [[1, 2], false],
    [[0, 1, 2], false],
    [[], false],
  ].map(([axes, keepDimensions]) => ({
    inputs: [floats([2, 3, 4])],
    attributes: { axes: axes as number[], keepDimensions: keepDimensions as boolean },
  }));
const products = (leading: readonly number[]) =>
  [
    [false, false, 1],
    [true, false, 0.5],
    [false, true, 1],
    [true, true, -2],
  ].map(([transposeA, transposeB, scale]) => ({
    inputs: [
      floats([...leading, ...(transposeA ? [5, 3] : [3, 5])]),
      floats([...leading, ...(transposeB ? [4, 5] : [5, 4])]),
    ],
    attributes: { transposeA: transposeA as boolean, transposeB: transposeB as boolean, scale: scale as number },
  }));

function angles(positions: number, half: number): [HostTensor, HostTensor] {
  const [cosines, sines] = [hostTensor("float32", [positions, half]), hostTensor("float32", [positions, half])];
  for (let i = 0; i < cosines.data.length; i++) {
    const angle = Math.floor(i / half) / 100 ** ((i % half) / half);
    cosines.data[i] = Math.cos(angle);
    sines.data[i] = Math.sin(angle);
  }
  return [cosines, sines];
}

const heads = { q: () => floats([2, 4, 6, 8]), k: () => floats([2, 2, 6, 8]) };

/** Weights that are what their integers say, so that only the activations are rounded: to 8 bits, by the kernel. */
function quantisedCases(bits: 4 | 8): Case<"quantisedLinear">[] {
  const { packed, scales } = quantiseWeight(floats([24, 64]), bits);
  return [
    {
      inputs: [floats([2, 3, 64]), packed, scales],
      attributes: { inputs: 64, outputs: 24, bits, block: 32 },
      tolerance: 0.02,
    },
  ];
}

const cases = {
  constant: [
    { inputs: [], attributes: { type: "float32", shape: [2], data: Float32Array.of(1.5, -2) } },
    { inputs: [], attributes: { type: "int64", shape: [], data: BigInt64Array.of(-7n) } },
  ],
  negate: one(floats([3, 2])),
  exp: one(floats([3, 2])),
  log: one(positive([3, 2])),
  sqrt: one(positive([3, 2])),
  reciprocal: one(positive([3, 2])),
  absolute: one(floats([3, 2])),
  sine: one(floats([3, 2], -4, 4)),
  cosine: one(floats([3, 2], -4, 4)),
  tanh: one(floats([3, 2], -4, 4)),
  sigmoid: one(floats([3, 2], -4, 4)),
  erf: one(floats([3, 2], -4, 4)),
  relu: one(floats([3, 2])),
  silu: one(floats([3, 20], -9, 9)),
  gelu: [
    { inputs: [floats([3, 20], -5, 5)], attributes: { approximation: "none" } },
    { inputs: [floats([3, 20], -5, 5)], attributes: { approximation: "tanh" } },
  ],
  not: one(bools([2], [0, 1])),
  cast: [
    { inputs: [integers([3], [1, -2, 3])], attributes: { to: "float32" } },
    { inputs: [bools([2], [0, 1])], attributes: { to: "float32" } },
  ],
  stopGradient: one(floats([2])),
  add: broadcasting(),
  subtract: broadcasting(),
  multiply: broadcasting(),
  divide: broadcasting(),
  maximum: broadcasting(),
  minimum: broadcasting(),
  power: broadcasting(),
  modulo: [{ inputs: [integers([4], [7, -7, 5, 0]), integers([], [3])], attributes: {} }],
  equal: [{ inputs: [integers([3], [1, 2, 3]), integers([], [2])], attributes: {} }],
  less: broadcasting(),
  lessOrEqual: broadcasting(),
  and: truths(),
  or: truths(),
  where: [{ inputs: [bools([2, 1], [1, 0]), floats([2, 3]), floats([])], attributes: {} }],
  reshape: [{ inputs: [floats([2, 6])], attributes: { shape: [3, 4] } }],
  transpose: [{ inputs: [floats([2, 3, 4])], attributes: { permutation: [2, 0, 1] } }],
  slice: [{ inputs: [floats([2, 6])], attributes: { axis: 1, start: 2, end: 5 } }],
  concat: [{ inputs: [floats([2, 1]), floats([2, 3])], attributes: { axis: 1 } }],
  broadcastTo: [{ inputs: [floats([2, 1])], attributes: { shape: [4, 2, 3] } }],
  reduceSum: reductions(),
  reduceMean: reductions(),
  reduceMax: reductions(),
  cumulativeSum: [
    { inputs: [floats([2, 5])], attributes: { axis: 1, reverse: false } },
    { inputs: [floats([2, 5])], attributes: { axis: 0, reverse: true } },
  ],
  matMul: [...products([]), ...products([2, 3])],
  gemm: [...products([]), { ...products([])[0]!, inputs: [floats([3, 5]), floats([5, 4]), floats([4])] }],
  gatherRows: [{ inputs: [floats([5, 3]), integers([2, 2], [4, 0, 0, 2])], attributes: {} }],
  scatterAddRows: [{ inputs: [floats([5, 3]), integers([3], [4, 0, 4]), floats([3, 3])], attributes: {} }],
  gatherElements: [{ inputs: [floats([2, 5]), integers([2, 2], [4, 0, 1, 1])], attributes: { axis: 1 } }],
  scatterAddElements: [
    { inputs: [floats([2, 5]), integers([2, 2], [4, 0, 1, 1]), floats([2, 2])], attributes: { axis: 1 } },
  ],
  softmax: one(floats([3, 40], -9, 9)),
  logSoftmax: one(floats([3, 40], -9, 9)),
  layerNorm: [
    { inputs: [floats([2, 3, 40]), floats([40]), floats([40])], attributes: { epsilon: 1e-5 } },
    { inputs: [floats([3, 40]), floats([40])], attributes: { epsilon: 1e-5 } },
  ],
  rmsNorm: [{ inputs: [floats([2, 3, 40]), floats([40])], attributes: { epsilon: 1e-6 } }],
  rotary: [false, true].map((interleaved) => ({
    inputs: [floats([2, 3, 4, 8]), integers([2, 4], [0, 1, 2, 3, 5, 6, 0, 1]), ...angles(7, 4)],
    attributes: { interleaved },
  })),
  attention: [
    { inputs: [heads.q(), heads.k(), heads.k()], attributes: { scale: 0.3, causal: true, chunk: 0 } },
    { inputs: [heads.q(), heads.k(), heads.k()], attributes: { scale: 0.3, causal: true, chunk: 4 } },
    {
      inputs: [heads.q(), heads.k(), heads.k(), floats([2, 1, 1, 6])],
      attributes: { scale: 0.3, causal: false, chunk: 0 },
    },
    {
      inputs: [heads.q(), heads.k(), heads.k(), floats([1, 4, 6, 6])],
      attributes: { scale: 0.3, causal: true, chunk: 2 },
    },
  ],
  attentionGradient: [0, 4].flatMap((chunk) =>
    [false, true].map((hasBias) => ({
      inputs: [heads.q(), heads.q(), heads.q(), heads.k(), heads.k(), ...(hasBias ? [floats([4, 6, 6])] : [])],
      attributes: { scale: 0.3, causal: true, chunk, hasBias, keptProbabilities: false },
    })),
  ),
  linearCrossEntropy: [0, 0.01].map((zLoss) => ({
    inputs: [floats([7, 8]), floats([11, 8], -9, 9), integers([7], [0, 10, 5, 5, 1, 2, 3])],
    attributes: { chunk: 3, zLoss },
  })),
  linearCrossEntropyGradient: [
    {
      inputs: [floats([5]), floats([5, 8]), floats([11, 8]), floats([3, 11]), floats([2, 11])],
      attributes: { chunk: 3 },
    },
  ],
  /** Its caches grow in place, so it has tests of its own: ops/cached-attention.test.ts. */
  cachedAttention: [],
  quantisedLinear: [...quantisedCases(4), ...quantisedCases(8)],
  skipRmsNorm: [{ inputs: [floats([2, 3, 40]), floats([2, 3, 40]), floats([40])], attributes: { epsilon: 1e-6 } }],
} satisfies { [N in OperatorName]: readonly Case<N>[] };

function programOf(operator: OperatorName, { inputs, attributes }: Case<OperatorName>) {
  const specs = Object.fromEntries(inputs.map(({ type, shape }, index) => [`in${index}`, { type, shape }]));
  return traceProgram(specs, (tensors) => {
    const operands = inputs.map((_, index) => tensors[`in${index}`]!.value);
    const outputs = record(operator, operands, attributes as OperatorAttributes[typeof operator]);
    return Object.fromEntries(outputs.map((output, index) => [`out${index}`, new Tensor(output)]));
  });
}

const runtimes = [openCApiRuntime(1), openNApiRuntime()];

describe.each(runtimes)("through $kind", (runtime) => {
  test.each(Object.keys(cases) as OperatorName[])("%s equals the float64 evaluator", async (operator) => {
    for (const one of cases[operator] as unknown as readonly Case<OperatorName>[]) {
      const inputs = Object.fromEntries(one.inputs.map((input, index) => [`in${index}`, input]));
      const error = await errorAgainstEvaluator(programOf(operator, one), inputs, { runtime });
      expect(
        error,
        JSON.stringify(one.attributes, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
      ).toBeLessThan(one.tolerance ?? 1e-5);
    }
  });
});

test("a weight of 8 bits differs from its original by less than 0.5 % of each block's largest element", () => {
  const weight = floats([5, 50]);
  const restored = dequantiseWeight(quantiseWeight(weight, 8, 16));
  const worst = Math.max(...weight.data.map((value, index) => Math.abs(value - restored.data[index]!)));
  expect(worst).toBeLessThan(0.005);
});

test("blocks that no kernel takes are refused", () => {
  expect(() => quantiseWeight(floats([2, 32]), 4, 24)).toThrow(
    "quantiseWeight: found blocks of 24; expected 16, 32, 64, 128 or 256",
  );
});
