// What operators refuse, in the words that people read; and what they return where it is not obvious.
import { describe, expect, test } from "vitest";
import type { OperatorAttributes, OperatorName } from "../ir/operators.ts";
import { newValue, type Value } from "../ir/program.ts";
import { formatShape } from "../ir/shape.ts";
import { symbolicLength } from "../ir/symbolic-length.ts";
import type { ElementType } from "../runtime/host-tensor.ts";
import { chunkBounds, inferResults } from "./shape.ts";

const f32 = (...shape: number[]): Value => newValue("float32", shape);
const of = (type: ElementType, ...shape: number[]): Value => newValue(type, shape);

/** The results as text: `float32[2, 3]`. */
function results<N extends OperatorName>(operator: N, inputs: Value[], attributes: OperatorAttributes[N]): string[] {
  return inferResults(operator, inputs, attributes).map(({ type, shape }) => `${type}${formatShape(shape)}`);
}

const product = { transposeA: false, transposeB: false, scale: 1 };
const attention = { scale: 1, causal: true, chunk: 0 };
const [batch, time] = [symbolicLength("batch"), symbolicLength("time")];

describe("operators return", () => {
  test("stretched shapes, with symbols where they are equal", () => {
    expect(results("add", [f32(2, 1, 4), f32(3, 1)], {})).toEqual(["float32[2, 3, 4]"]);
    expect(results("less", [f32(batch, 3), f32(3)], {})).toEqual(["bool[batch, 3]"]);
  });

  test("the probabilities of each chunk beside attention's output, with the keys a causal chunk may see", () => {
    expect(results("attention", [f32(2, 4, 5, 8), f32(2, 2, 5, 8), f32(2, 2, 5, 6)], { ...attention, chunk: 2 })).toEqual(
      ["float32[2, 4, 5, 6]", "float32[2, 4, 2, 2]", "float32[2, 4, 2, 4]", "float32[2, 4, 1, 5]"],
    );
    expect(results("attention", [f32(2, 4, 3, 8), f32(2, 2, 7, 8), f32(2, 2, 7, 8)], { ...attention, causal: false })).toEqual(
      ["float32[2, 4, 3, 8]", "float32[2, 4, 3, 7]"],
    );
  });

  test("one chunk where the length is symbolic or the chunk is 0", () => {
    expect(chunkBounds(5, 2)).toEqual([[0, 2], [2, 4], [4, 5]]);
    expect(chunkBounds(5, 0)).toEqual([[0, 5]]);
    expect(chunkBounds(time, 2)).toEqual([[0, time]]);
  });

  test("losses, log partition functions and the residue of each chunk", () => {
    expect(results("linearCrossEntropy", [f32(5, 3), f32(9, 3), of("int64", 5)], { chunk: 4, zLoss: 0 })).toEqual(
      ["float32[5]", "float32[5]", "float32[4, 9]", "float32[1, 9]"],
    );
  });

  test("caches of the length they came with", () => {
    const cache = f32(batch, 2, 32, 4);
    const inputs = [f32(batch, time, 16), f32(batch, time, 8), f32(batch, time, 8), cache, cache, of("int32", batch), of("int32")];
    const attributes = { heads: 4, kvHeads: 2, scale: 1, rotary: false, interleaved: false };
    expect(results("cachedAttention", inputs, attributes)).toEqual(
      ["float32[batch, time, 16]", "float32[batch, 2, 32, 4]", "float32[batch, 2, 32, 4]"],
    );
  });
}); // biome-ignore format: shapes side by side

const refusals: [string, () => unknown, string][] = [
  ["lengths that do not stretch", () => inferResults("add", [f32(2, 3), f32(2, 4)], {}),
    "add: found shapes [2, 3] and [2, 4]; expected lengths that are equal or 1 on every axis, counted from the last. To fix: reshape or transpose one of them; axis -1 has 3 against 4."],
  ["two types in one sum", () => inferResults("add", [f32(2), of("int64", 2)], {}),
    "add: found float32 with int64; expected two tensors of one type. To fix: cast one of them."],
  ["an exponential of integers", () => inferResults("exp", [of("int64", 2)], {}),
    "exp: found input of type int64; expected float32 or float64 or float16 or bfloat16. To fix: cast input first."],
  ["a product whose inner lengths differ", () => inferResults("matMul", [f32(2, 3, 4), f32(5, 6)], { ...product, transposeB: true }),
    "matMul: found float32[2, 3, 4] times float32[5, 6] transposed; expected one type and equal inner lengths. To fix: the left operand has [4] columns, the right one [6] rows."],
  ["vectors in a matrix product", () => inferResults("matMul", [f32(3), f32(3, 2)], product),
    "matMul: found [3] times [3, 2]; expected at least two axes each. To fix: reshape vectors to [1, n] or [n, 1]."],
  ["an addend of too many columns", () => inferResults("gemm", [f32(2, 3), f32(3, 4), f32(2, 5)], product),
    "gemm: found shapes [2, 5] and [2, 4]; expected lengths that are equal or 1 on every axis, counted from the last. To fix: reshape or transpose one of them; axis -1 has 5 against 4."],
  ["a reshape that loses elements", () => inferResults("reshape", [f32(2, 3)], { shape: [4] }),
    "reshape: found [2, 3] to [4]; expected the same number of elements. To fix: 6 elements cannot become 4."],
  ["a permutation that repeats an axis", () => inferResults("transpose", [f32(2, 3)], { permutation: [0, 0] }),
    "transpose: found permutation [0, 0] of [2, 3]; expected each axis from 0 to 1 once. To fix: list every axis exactly once."],
  ["an empty slice", () => inferResults("slice", [f32(2, 3)], { axis: 1, start: 2, end: 2 }),
    "slice: found [2, 2) of axis 1 of [2, 3]; expected a non-empty range inside the axis. To fix: choose start below end, and end at most the axis length."],
  ["an axis that is not there", () => inferResults("reduceSum", [f32(2, 3)], { axes: [2], keepDimensions: false }),
    "reduceSum: found axis 2 of a tensor with 2 axes; expected an axis from -2 to 1. To fix: name an axis the tensor has."],
  ["parts of different widths", () => inferResults("concat", [f32(2, 3), f32(2, 4)], { axis: 0 }),
    "concat: found float32[2, 3], float32[2, 4]; expected one type and shapes equal everywhere but on axis 0. To fix: slice, reshape or cast the odd one."],
  ["joining lengths that are not known", () => inferResults("concat", [f32(batch, 3), f32(1, 3)], { axis: 0 }),
    "concat: found [batch, 3], [1, 3]; expected lengths known on axis 0, since the result's is their sum. To fix: trace the program with numbers for that axis."],
  ["ids that are not integers", () => inferResults("gatherRows", [f32(5, 3), f32(2)], {}),
    "gatherRows: found ids of type float32; expected int64 or int32. To fix: cast ids first."],
  ["updates that do not match their ids", () => inferResults("scatterAddRows", [f32(5, 3), of("int64", 2), f32(3, 3)], {}),
    "scatterAddRows: found updates of shape [3, 3]; expected [2, 3]. To fix: one row of updates for each id."],
  ["a norm's weight of another width", () => inferResults("rmsNorm", [f32(2, 8), f32(4)], { epsilon: 1e-6 }),
    "rmsNorm: found a parameter of shape [4] for x of shape [2, 8]; expected [8]. To fix: give it the length of x's last axis."],
  ["heads that do not divide", () => inferResults("attention", [f32(1, 6, 2, 4), f32(1, 4, 2, 4), f32(1, 4, 2, 4)], attention),
    "attention: found 6 query heads and 4 key/value heads; expected query heads divisible by key/value heads. To fix: set kvHeads to 1, 2, 3, 6."],
  ["a causal mask over another sequence", () => inferResults("attention", [f32(1, 2, 3, 4), f32(1, 2, 5, 4), f32(1, 2, 5, 4)], attention),
    "attention: found [3] queries against [5] keys; expected equal times for a causal mask. To fix: pass a bias instead of causal."],
  ["a bias in another precision than the scores", () => inferResults("attention", [f32(1, 2, 3, 4), f32(1, 2, 3, 4), f32(1, 2, 3, 4), of("float64", 3, 3)], attention),
    "attention: found float32 with float64; expected tensors of one type. To fix: cast one of them."],
  ["rotary tables of the whole head dimension", () => inferResults("rotary", [f32(1, 2, 3, 8), of("int64", 1, 3), f32(9, 8), f32(9, 8)], { interleaved: false }),
    "rotary: found tables [9, 8] and [9, 8] for head dimension 8; expected [positions, 4]. To fix: make both tables for half the head dimension."],
  ["a head of another width than the hidden rows", () => inferResults("linearCrossEntropy", [f32(5, 3), f32(9, 4), of("int64", 5)], { chunk: 0, zLoss: 0 }),
    "linearCrossEntropy: found hidden width [3]; expected [4]. To fix: hidden and weight share their last axis."],
  ["lengths of a cache in 64 bits", () => inferResults("cachedAttention",
      [f32(1, 1, 4), f32(1, 1, 4), f32(1, 1, 4), f32(1, 1, 9, 4), f32(1, 1, 9, 4), of("int64", 1), of("int32")],
      { heads: 1, kvHeads: 1, scale: 1, rotary: false, interleaved: false }),
    "cachedAttention: found lengths of type int64; expected int32. To fix: cast lengths first."],
  ["a cache for other heads", () => inferResults("cachedAttention",
      [f32(1, 1, 8), f32(1, 1, 4), f32(1, 1, 4), f32(1, 2, 9, 4), f32(1, 2, 9, 4), of("int32", 1), of("int32")],
      { heads: 2, kvHeads: 1, scale: 1, rotary: false, interleaved: false }),
    "cachedAttention: found past key of shape [1, 2, 9, 4]; expected [1, 1, 9, 4]. To fix: query and caches agree on 2 heads, 1 key/value heads and head dimension 4."],
  ["too few inputs", () => inferResults("where", [of("bool", 2), f32(2)], {}),
    "where: found 2 inputs; expected 3. To fix: pass the inputs the operator takes."],
]; // biome-ignore format: a call and its message

describe("operators refuse", () => {
  test.each(refusals)("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
