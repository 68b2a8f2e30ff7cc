// The evaluator against values worked out by hand or published, since everything else is compared with the evaluator.
import { describe, expect, test } from "vitest";
import { symbolicLength } from "../../ir/symbolic-length.ts";
import * as axes from "../../ops/axes.ts";
import * as ops from "../../ops/elementwise.ts";
import { embedding, gatherElements } from "../../ops/indexing.ts";
import { matMul } from "../../ops/linear-algebra.ts";
import { layerNorm, rmsNorm, softmax } from "../../ops/normalisation.ts";
import { cumulativeSum, max, mean, sum } from "../../ops/reductions.ts";
import { hostTensor } from "../../runtime/host-tensor.ts";
import type { Tensor } from "../../trace/tensor.ts";
import { type TensorRecord, traceProgram } from "../../trace/trace-program.ts";
import { errorFunction } from "./error-function.ts";
import { evaluateProgram } from "./evaluate-program.ts";
import { type EvaluatedTensor, toConstantData, toEvaluated, toHost } from "./evaluated-tensor.ts";

const floats = (shape: number[], ...values: number[]): EvaluatedTensor => ({
  type: "float64",
  shape,
  data: Float64Array.from(values),
});
const integers = (shape: number[], ...values: number[]): EvaluatedTensor => ({
  type: "int64",
  shape,
  data: BigInt64Array.from(values, BigInt),
});

function run(inputs: Record<string, EvaluatedTensor>, body: (inputs: TensorRecord) => Tensor): number[] {
  const program = traceProgram(inputs, (tensors) => ({ y: body(tensors) }));
  return Array.from(evaluateProgram(program, inputs).y!.data, Number);
}

const x = floats([2, 3], 1, 2, 3, 4, 5, 6);

describe("values", () => {
  test("the error function has the digits of Abramowitz and Stegun's table 7.1, and is odd", () => {
    expect(errorFunction(0)).toBe(0);
    expect(errorFunction(0.5)).toBeCloseTo(0.5204998778, 10);
    expect(errorFunction(1)).toBeCloseTo(0.8427007929, 10);
    expect(errorFunction(2)).toBeCloseTo(0.995322265, 10);
    expect(errorFunction(-1)).toBe(-errorFunction(1));
    expect([errorFunction(7), errorFunction(-7)]).toEqual([1, -1]);
  });

  test("integers divide towards zero, take the divisor's sign in modulo, and wrap as their type does", () => {
    const inputs = { a: integers([4], 7, -7, 7, -7), b: integers([4], 2, 2, -2, -2) };
    expect(run(inputs, ({ a, b }) => ops.divide(a!, b!))).toEqual([3, -3, -3, 3]);
    expect(run(inputs, ({ a, b }) => ops.modulo(a!, b!))).toEqual([1, 1, -1, -1]);
    const large = { a: { type: "int32" as const, shape: [1], data: BigInt64Array.of(2n ** 31n - 1n) } };
    expect(run(large, ({ a }) => ops.add(a!, 1))).toEqual([-(2 ** 31)]);
  });

  test("products of 62-bit integers are exact", () => {
    const a = { type: "int64" as const, shape: [], data: BigInt64Array.of(2_147_483_629n) };
    const program = traceProgram({ a }, (t) => ({ y: ops.multiply(t.a!, t.a!) }));
    expect(evaluateProgram(program, { a }).y!.data[0]).toBe(2_147_483_629n ** 2n);
  });

  test("casts truncate towards zero, and anything but 0 is true", () => {
    const a = floats([4], -1.7, 0, 0.3, 2.9);
    expect(run({ a }, (t) => ops.cast(t.a!, "int64"))).toEqual([-1, 0, 0, 2]);
    expect(run({ a }, (t) => ops.cast(ops.cast(t.a!, "bool"), "float64"))).toEqual([1, 0, 1, 1]);
  });

  test("comparisons and logic", () => {
    const inputs = { a: floats([3], 1, 2, 3), b: floats([3], 2, 2, 2) };
    expect(run(inputs, ({ a, b }) => ops.or(ops.less(a!, b!), ops.equal(a!, b!)))).toEqual([1, 1, 0]);
    expect(run(inputs, ({ a, b }) => ops.and(ops.lessOrEqual(a!, b!), ops.not(ops.equal(a!, b!))))).toEqual([1, 0, 0]);
  });

  test("moving and stretching", () => {
    expect(run({ x }, (t) => axes.transpose(t.x!, [1, 0]))).toEqual([1, 4, 2, 5, 3, 6]);
    expect(run({ x }, (t) => axes.slice(t.x!, 1, 1))).toEqual([2, 3, 5, 6]);
    expect(run({ x }, (t) => axes.concat([axes.slice(t.x!, 1, 2), t.x!], 1))).toEqual([3, 1, 2, 3, 6, 4, 5, 6]);
    expect(run({ x }, (t) => ops.add(t.x!, axes.slice(t.x!, 0, 0, 1)))).toEqual([2, 4, 6, 5, 7, 9]);
  });

  test("reductions", () => {
    expect(run({ x }, (t) => sum(t.x!, { axes: [0] }))).toEqual([5, 7, 9]);
    expect(run({ x }, (t) => mean(t.x!, { axes: [-1] }))).toEqual([2, 5]);
    expect(run({ x }, (t) => max(t.x!))).toEqual([6]);
    expect(run({ x }, (t) => cumulativeSum(t.x!, 1))).toEqual([1, 3, 6, 4, 9, 15]);
    expect(run({ x }, (t) => cumulativeSum(t.x!, 0, true))).toEqual([5, 7, 9, 4, 5, 6]);
  });

  test("products", () => {
    expect(run({ x }, (t) => matMul(t.x!, t.x!, { transposeB: true }))).toEqual([14, 32, 32, 77]);
    expect(run({ x }, (t) => matMul(t.x!, t.x!, { transposeA: true, scale: 0.5 }))).toEqual([
      8.5, 11, 13.5, 11, 14.5, 18, 13.5, 18, 22.5,
    ]);
  });

  test("lookups", () => {
    expect(run({ x, ids: integers([3], 1, 0, 1) }, (t) => embedding(t.x!, t.ids!))).toEqual([
      4, 5, 6, 1, 2, 3, 4, 5, 6,
    ]);
    expect(run({ x, ids: integers([2, 1], 2, 0) }, (t) => gatherElements(t.x!, t.ids!, 1))).toEqual([3, 4]);
  });

  test("softmax of logs is what the logs were of, far from overflow too", () => {
    const logits = floats([3], 1000, 1000 + Math.log(2), 1000 + Math.log(5));
    run({ logits }, (t) => softmax(t.logits!)).forEach((p, i) => {
      expect(p).toBeCloseTo([1 / 8, 2 / 8, 5 / 8][i]!, 12);
    });
  });

  test("a normalised row has mean 0 and variance 1, or mean square 1", () => {
    const inputs = { x, weight: floats([3], 1, 1, 1) };
    const normal = run(inputs, (t) => layerNorm(t.x!, t.weight!, undefined, 0));
    expect(normal[0]).toBeCloseTo(-Math.sqrt(1.5), 14);
    expect(normal[1]).toBeCloseTo(0, 14);
    expect(run(inputs, (t) => rmsNorm(t.x!, t.weight!, 0))[2]).toBeCloseTo(3 / Math.sqrt(14 / 3), 14);
  });
});

describe("inputs and outputs", () => {
  test("host tensors of any type come in exactly and go out rounded to their type", () => {
    const half = hostTensor("float16", [2], Uint16Array.of(0x3c00, 0xc000));
    expect([...toEvaluated(half).data]).toEqual([1, -2]);
    expect(toHost(toEvaluated(half)).data).toEqual(half.data);
    const brain = hostTensor("bfloat16", [1], Uint16Array.of(0x4049));
    expect(toHost(toEvaluated(brain))).toEqual(brain);
    const truth = hostTensor("bool", [2], Uint8Array.of(1, 0));
    expect([...toEvaluated(truth).data]).toEqual([1n, 0n]);
    expect(toHost(toEvaluated(truth))).toEqual(truth);
    expect(toHost({ type: "float32", shape: [], data: Float64Array.of(0.1) }).data[0]).toBe(Math.fround(0.1));
    expect(toConstantData({ type: "int32", shape: [], data: BigInt64Array.of(-3n) })).toEqual(Int32Array.of(-3));
  });

  test("float32 programs are computed in float64", () => {
    const tenth = { type: "float32" as const, shape: [], data: Float64Array.of(0.1) };
    const program = traceProgram({ tenth }, (t) => ({ y: ops.multiply(t.tenth!, t.tenth!) }));
    expect(evaluateProgram(program, { tenth }).y!.data[0]).toBe(0.1 * 0.1);
  });

  const [batch, time] = [symbolicLength("batch"), symbolicLength("time")];
  const symbolic = traceProgram(
    { a: { type: "float64", shape: [batch, time, 2] }, b: { type: "float64", shape: [batch, 2] } },
    ({ a, b }) => ({ y: ops.add(a!, axes.expandDimensions(b!, 1)) }),
  );

  test("symbolic lengths are taken from the inputs", () => {
    const a = floats([1, 2, 2], 1, 2, 3, 4);
    const program = traceProgram({ a: { type: "float64", shape: [batch, time, 2] } }, (t) => ({
      y: axes.transpose(t.a!, [1, 0, 2]),
    }));
    expect(evaluateProgram(program, { a }).y).toMatchObject({ shape: [2, 1, 2], data: a.data });
  });

  test("one symbol cannot have two lengths", () => {
    expect(() => evaluateProgram(symbolic, { a: floats([1, 1, 2], 1, 2), b: floats([2, 2], 1, 2, 3, 4) })).toThrow(
      'evaluateProgram, input "b": found float64[2, 2] with 4 elements; expected float64[batch, 2], with [1, 2] in this run. To fix: pass the type and shape that the program was traced with; equal symbols are equal lengths.',
    );
  });

  test("a missing input and an index outside its axis are named", () => {
    const program = traceProgram({ x, ids: integers([1], 0) }, (t) => ({ y: embedding(t.x!, t.ids!) }));
    expect(() => evaluateProgram(program, { x })).toThrow('input "ids": found nothing; expected int64[1].');
    expect(() => evaluateProgram(program, { x, ids: integers([1], 2) })).toThrow(
      "gatherRows: found index 2; expected 0 to 1. To fix: check the ids against the length of the axis they index.",
    );
  });
});
