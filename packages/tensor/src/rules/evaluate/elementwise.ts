/** Evaluation of the operations on each element, with broadcasting. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import type { ElementType } from "../../runtime/host-tensor.ts";
import { errorFunction } from "./error-function.ts";
import {
  type EvaluatedData,
  type EvaluatedTensor,
  emptyData,
  floatsOf,
  integersOf,
  isFloat,
} from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { broadcastOffsets, take } from "./offsets.ts";

/** Wraps as the type's own arithmetic would. */
function wrap(type: ElementType, value: bigint): bigint {
  switch (type) {
    case "int32":
      return BigInt.asIntN(32, value);
    case "int8":
      return BigInt.asIntN(8, value);
    case "uint8":
      return BigInt.asUintN(8, value);
    default:
      return BigInt.asIntN(64, value);
  }
}

/** Stands where the shape rules let no value of a type through. */
function undefinedFor(types: string): () => never {
  return () => {
    throw new TypeError(`internal: the operator is not defined on ${types}`);
  };
}

function unary(
  ofFloats: (x: number) => number,
  ofIntegers: (x: bigint) => bigint = undefinedFor("integers"),
): EvaluationRule<object> {
  return ([x]) => {
    if (isFloat(x!.type)) return [floatsOf(x!).map(ofFloats)];
    return [integersOf(x!).map((value) => wrap(x!.type, ofIntegers(value)))];
  };
}

/** Both operands stretched to the result's shape. */
function stretched(inputs: readonly EvaluatedTensor[], shape: readonly number[]): EvaluatedData[] {
  return inputs.map(({ data, shape: from }) => take(data, broadcastOffsets(from, shape)));
}

function binary(
  ofFloats: (a: number, b: number) => number,
  ofIntegers: (a: bigint, b: bigint) => bigint,
): EvaluationRule<object> {
  return (inputs, _, [result]) => {
    const [a, b] = stretched(inputs, result!.shape);
    if (isFloat(result!.type)) {
      const right = b as Float64Array;
      return [(a as Float64Array).map((left, i) => ofFloats(left, right[i]!))];
    }
    const right = b as BigInt64Array;
    return [(a as BigInt64Array).map((left, i) => wrap(result!.type, ofIntegers(left, right[i]!)))];
  };
}

/** For operators that read floats and integers alike and answer a truth value. */
function comparison(holds: (a: number | bigint, b: number | bigint) => boolean): EvaluationRule<object> {
  return (inputs, _, [result]) => {
    const [a, b] = stretched(inputs, result!.shape);
    return [BigInt64Array.from({ length: a!.length }, (_, i) => (holds(a![i]!, b![i]!) ? 1n : 0n))];
  };
}

export const negate = unary(
  (x) => -x,
  (x) => -x,
);
export const exp = unary(Math.exp);
export const log = unary(Math.log);
export const sqrt = unary(Math.sqrt);
export const reciprocal = unary((x) => 1 / x);
export const absolute = unary(Math.abs, (x) => (x < 0n ? -x : x));
export const sine = unary(Math.sin);
export const cosine = unary(Math.cos);
export const tanh = unary(Math.tanh);
export const sigmoid = unary(logistic);
export const erf = unary(errorFunction);
export const relu = unary(
  (x) => (x > 0 ? x : x * 0), // keeps NaN
  (x) => (x > 0n ? x : 0n),
);
export const silu = unary((x) => x * logistic(x));
export const not = unary(undefinedFor("floats"), (x) => 1n - x);
export const identity: EvaluationRule<object> = ([x]) => [x!.data];

/** 1 / (1 + e⁻ˣ), by the branch that does not overflow. */
function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

const geluExact = unary((x) => 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2)));
const geluTanh = unary((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))));
export const gelu: EvaluationRule<OperatorAttributes["gelu"]> = (inputs, attributes, results) =>
  (attributes.approximation === "tanh" ? geluTanh : geluExact)(inputs, attributes, results);

/** Floats truncate to integers; between float types nothing is rounded; anything but 0 is true. */
export const cast: EvaluationRule<OperatorAttributes["cast"]> = ([x], { to }) => {
  const { data } = x!;
  const result = emptyData(to, data.length);
  for (let i = 0; i < data.length; i++) {
    if (to === "bool") result[i] = Number(data[i]!) !== 0 ? 1n : 0n;
    else if (result instanceof Float64Array) result[i] = Number(data[i]!);
    else result[i] = wrap(to, typeof data[i] === "bigint" ? (data[i] as bigint) : BigInt(Math.trunc(Number(data[i]!))));
  }
  return [result];
};

export const add = binary(
  (a, b) => a + b,
  (a, b) => a + b,
);
export const subtract = binary(
  (a, b) => a - b,
  (a, b) => a - b,
);
export const multiply = binary(
  (a, b) => a * b,
  (a, b) => a * b,
);
/** Integers truncate towards zero. */
export const divide = binary(
  (a, b) => a / b,
  (a, b) => a / b,
);
export const maximum = binary(Math.max, (a, b) => (a > b ? a : b));
export const minimum = binary(Math.min, (a, b) => (a < b ? a : b));
export const power = binary(
  (a, b) => a ** b,
  (a, b) => a ** b,
);
/** With the divisor's sign. */
export const modulo = binary(
  (a, b) => ((a % b) + b) % b,
  (a, b) => ((a % b) + b) % b,
);
export const equal = comparison((a, b) => a === b);
export const less = comparison((a, b) => a < b);
export const lessOrEqual = comparison((a, b) => a <= b);
export const and = binary(undefinedFor("floats"), (a, b) => a & b);
export const or = binary(undefinedFor("floats"), (a, b) => a | b);

export const where: EvaluationRule<object> = (inputs, _, [result]) => {
  const [condition, whenTrue, whenFalse] = stretched(inputs, result!.shape);
  const chosen = emptyData(result!.type, condition!.length);
  for (let i = 0; i < chosen.length; i++) chosen[i] = condition![i] === 1n ? whenTrue![i]! : whenFalse![i]!;
  return [chosen];
};
