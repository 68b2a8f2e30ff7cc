// Losses: values against their textbook formulas, gradients against central differences (1e-8 of the largest element).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withGradients } from "../passes/gradient.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import type { EvaluatedTensor } from "../rules/evaluate/evaluated-tensor.ts";
import { gradientError, type Inputs } from "../testing/gradient-error.ts";
import { type Integers, randomTensors } from "../testing/random-tensors.ts";
import type { Tensor } from "../trace/tensor.ts";
import { type TensorRecord, traceProgram } from "../trace/trace-program.ts";
import { matMul } from "./linear-algebra.ts";
import * as losses from "./losses.ts";
import { firstPool, meanPool, positionPool } from "./pooling.ts";

const tolerance = 1e-8;

/** Some targets replaced by ignoreIndex. */
function withIgnored(targets: Integers, every: number): Integers {
  const data = targets.data.map((id, i) => (i % every === 0 ? BigInt(losses.ignoreIndex) : id));
  return { ...targets, data };
}

function valuesOf(inputs: Inputs, body: (tensors: TensorRecord) => Tensor): number[] {
  return Array.from(
    evaluateProgram(
      traceProgram(inputs, (t) => ({ y: body(t) })),
      inputs,
    ).y!.data,
    Number,
  );
}

const float64 = (shape: number[], ...values: number[]): EvaluatedTensor => ({
  type: "float64",
  shape,
  data: Float64Array.from(values),
});

describe("linearCrossEntropy", () => {
  const sizes = fc.record({
    rows: fc.integer({ min: 1, max: 6 }),
    width: fc.integer({ min: 1, max: 3 }),
    vocabulary: fc.integer({ min: 1, max: 5 }),
    chunk: fc.integer({ min: 0, max: 7 }),
    zLoss: fc.constantFrom(0, 0.1),
    every: fc.integer({ min: 1, max: 8 }),
    seed: fc.integer(),
  });
  type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;
  const inputsOf = ({ rows, width, vocabulary, every, seed }: Sizes) => {
    const random = randomTensors(seed);
    return {
      hidden: random.floats([rows, width]),
      weight: random.floats([vocabulary, width]),
      targets: withIgnored(random.integers([rows], vocabulary), every),
    };
  };

  test("gradients match with ignored targets, z-loss, and chunks that need not divide the rows", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const body = ({ hidden, weight, targets }: TensorRecord) =>
          losses.linearCrossEntropy(hidden!, weight!, targets!, size);
        expect(gradientError(inputsOf(size), body)).toBeLessThan(tolerance);
      }),
      { numRuns: 40 },
    );
  });

  test("equals crossEntropy of the logits when there is no z-loss", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const inputs = inputsOf(size);
        const fused = valuesOf(inputs, (t) =>
          losses.linearCrossEntropy(t.hidden!, t.weight!, t.targets!, { chunk: size.chunk }),
        );
        const plain = valuesOf(inputs, (t) =>
          losses.crossEntropy(matMul(t.hidden!, t.weight!, { transposeB: true }), t.targets!),
        );
        fused.forEach((value, i) => {
          expect(value).toBeCloseTo(plain[i]!, 12);
        });
      }),
      { numRuns: 20 },
    );
  });

  test("z-loss adds its weight times the squared log partition function", () => {
    const inputs = {
      hidden: float64([1, 1], 1),
      weight: float64([2, 1], 1, 1),
      targets: randomTensors(0).integers([1], 1),
    };
    const [loss] = valuesOf(inputs, (t) => losses.linearCrossEntropy(t.hidden!, t.weight!, t.targets!, { zLoss: 0.5 }));
    const logZ = 1 + Math.log(2);
    expect(loss).toBeCloseTo(Math.log(2) + 0.5 * logZ ** 2, 14);
  });

  test("a target beyond the vocabulary is named", () => {
    const inputs = { ...inputsOf({ rows: 2, width: 1, vocabulary: 3, chunk: 0, zLoss: 0, every: 9, seed: 1 }) };
    inputs.targets.data[1] = 3n;
    expect(() => valuesOf(inputs, (t) => losses.linearCrossEntropy(t.hidden!, t.weight!, t.targets!))).toThrow(
      "linearCrossEntropy: found index 3; expected 0 to 2. To fix: check the ids against the length of the axis they index.",
    );
  });
});

test("crossEntropy: gradients, and 0 on ignored targets", () => {
  const random = randomTensors(31);
  const inputs = { logits: random.floats([2, 3, 4]), targets: withIgnored(random.integers([2, 3], 4), 2) };
  const body = ({ logits, targets }: TensorRecord) => losses.crossEntropy(logits!, targets!);
  expect(gradientError(inputs, body)).toBeLessThan(tolerance);
  expect(valuesOf(inputs, body).map((loss) => loss === 0)).toEqual([true, false, true, false, true, false]);
});

test("meanOverTargets divides by the counted rows, and gives 0 when every target is ignored", () => {
  const rows = float64([4], 1, 0, 3, 0);
  const counted = { type: "int64" as const, shape: [4], data: BigInt64Array.of(1n, -100n, 2n, -100n) };
  const mean = (targets: EvaluatedTensor) =>
    valuesOf({ rows, targets }, (t) => losses.meanOverTargets(t.rows!, t.targets!))[0];
  expect(mean(counted)).toBeCloseTo(2, 8);
  expect(
    valuesOf({ rows: float64([4], 0, 0, 0, 0), targets: { ...counted, data: counted.data.map(() => -100n) } }, (t) =>
      losses.meanOverTargets(t.rows!, t.targets!),
    ),
  ).toEqual([0]);
});

test("chosenLogProbabilities and entropy: values and gradients", () => {
  const random = randomTensors(32);
  const inputs = { logits: random.floats([3, 4]), ids: random.integers([3], 4) };
  expect(gradientError(inputs, (t) => losses.chosenLogProbabilities(t.logits!, t.ids!))).toBeLessThan(tolerance);
  expect(gradientError(inputs, (t) => losses.entropy(t.logits!), { to: ["logits"] })).toBeLessThan(tolerance);
  expect(valuesOf({ logits: float64([1, 4], 2, 2, 2, 2) }, (t) => losses.entropy(t.logits!))[0]).toBeCloseTo(
    Math.log(4),
    14,
  );
});

test("pairwise and binary losses: values and gradients, far from overflow", () => {
  const random = randomTensors(33);
  const inputs = { a: random.floats([5]), b: random.floats([5], 0, 1) };
  expect(gradientError(inputs, (t) => losses.pairwiseLoss(t.a!, t.b!))).toBeLessThan(tolerance);
  expect(gradientError(inputs, (t) => losses.binaryCrossEntropy(t.a!, t.b!))).toBeLessThan(tolerance);
  const extreme = { a: float64([2], 800, -800), b: float64([2], 0, 1) };
  expect(valuesOf(extreme, (t) => losses.pairwiseLoss(t.a!, t.b!))).toEqual([0, 801]);
  expect(valuesOf(extreme, (t) => losses.binaryCrossEntropy(t.a!, t.b!))).toEqual([800, 800]);
});

test("two equal rewards are pulled apart by half a nat each", () => {
  const inputs = { a: float64([], 0), b: float64([], 0) };
  const program = traceProgram(inputs, (t) => ({ loss: losses.pairwiseLoss(t.a!, t.b!) }));
  const gradients = evaluateProgram(withGradients(program, { of: "loss", to: ["a", "b"] }), inputs);
  expect([gradients["gradient.a"]!.data[0], gradients["gradient.b"]!.data[0]]).toEqual([-0.5, 0.5]);
});

describe("pooling", () => {
  const random = randomTensors(34);
  const x = random.floats([2, 3, 4]);

  test("mean over the mask", () => {
    const inputs = { x, mask: float64([2, 3], 1, 1, 0, 1, 0, 0) };
    expect(gradientError(inputs, (t) => meanPool(t.x!, t.mask!), { to: ["x"] })).toBeLessThan(tolerance);
    const pooled = valuesOf(inputs, (t) => meanPool(t.x!, t.mask!));
    expect(pooled[0]).toBeCloseTo((x.data[0]! + x.data[4]!) / 2, 7);
    expect(pooled[4]).toBeCloseTo(x.data[12]!, 7);
  });

  test("the first position, and a chosen one for each row", () => {
    expect(gradientError({ x }, (t) => firstPool(t.x!))).toBeLessThan(tolerance);
    const inputs = { x, positions: { type: "int64" as const, shape: [2], data: BigInt64Array.of(2n, 0n) } };
    expect(gradientError(inputs, (t) => positionPool(t.x!, t.positions!))).toBeLessThan(tolerance);
    expect(valuesOf(inputs, (t) => positionPool(t.x!, t.positions!))).toEqual([...x.data.slice(8, 16)]);
  });
});
