/** Operations on each element, with NumPy's broadcasting where there are two. */
import type { OperatorName } from "../ir/operators.ts";
import type { ElementType } from "../runtime/host-tensor.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { scalarLike } from "./constants.ts";

/** A tensor, or a number that becomes a scalar of the other operand's type. */
export type Operand = Tensor | number;

type WithoutAttributes =
  | "negate" | "exp" | "log" | "sqrt" | "reciprocal" | "absolute" | "sine" | "cosine" | "tanh" | "sigmoid" | "erf"
  | "relu" | "silu" | "not"; // biome-ignore format: a list
type Binary =
  | "add" | "subtract" | "multiply" | "divide" | "maximum" | "minimum" | "power" | "modulo" | "equal" | "less"
  | "lessOrEqual" | "and" | "or"; // biome-ignore format: a list

const unary =
  (operator: WithoutAttributes) =>
  (x: Tensor): Tensor =>
    new Tensor(record(operator as OperatorName, [x.value], {})[0]!);

const binary = (operator: Binary) => {
  function apply(a: Tensor, b: Operand): Tensor;
  function apply(a: Operand, b: Tensor): Tensor;
  function apply(a: Operand, b: Operand): Tensor {
    const left = typeof a === "number" ? scalarLike(b as Tensor, a) : a;
    const right = typeof b === "number" ? scalarLike(left, b) : b;
    return new Tensor(record(operator as OperatorName, [left.value, right.value], {})[0]!);
  }
  return apply;
};

export const negate = unary("negate");
export const exp = unary("exp");
export const log = unary("log");
export const sqrt = unary("sqrt");
export const reciprocal = unary("reciprocal");
export const absolute = unary("absolute");
export const sine = unary("sine");
export const cosine = unary("cosine");
export const tanh = unary("tanh");
export const sigmoid = unary("sigmoid");
export const erf = unary("erf");
export const relu = unary("relu");
/** x · sigmoid(x) (Elfwing et al. 2017, arXiv:1702.03118). */
export const silu = unary("silu");
export const not = unary("not");

export const add = binary("add");
export const subtract = binary("subtract");
export const multiply = binary("multiply");
export const divide = binary("divide");
export const maximum = binary("maximum");
export const minimum = binary("minimum");
export const power = binary("power");
/** Remainder of integers, with the divisor's sign. */
export const modulo = binary("modulo");
export const equal = binary("equal");
export const less = binary("less");
export const lessOrEqual = binary("lessOrEqual");
export const and = binary("and");
export const or = binary("or");

/** Gaussian error linear unit: exact (erf) or by tanh (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
export function gelu(x: Tensor, approximation: "none" | "tanh" = "none"): Tensor {
  return new Tensor(record("gelu", [x.value], { approximation })[0]!);
}

/** max(x, 0)² (So et al. 2021, arXiv:2109.08668). */
export function squaredRelu(x: Tensor): Tensor {
  const positive = relu(x);
  return multiply(positive, positive);
}

/** silu(gate) · up (Shazeer 2020, arXiv:2002.05202). */
export function swiGlu(gate: Tensor, up: Tensor): Tensor {
  return multiply(silu(gate), up);
}

/** log(1 + eˣ) without overflow. maximum and not relu: at 0 the slope is then ½, and two equal rewards still learn apart. */
export function softplus(x: Tensor): Tensor {
  return add(maximum(x, 0), log(add(exp(negate(absolute(x))), 1)));
}

/** log σ(x) without overflow. */
export function logSigmoid(x: Tensor): Tensor {
  return negate(softplus(negate(x)));
}

/** Each element of `whenTrue` where `condition` holds, else of `whenFalse`. */
export function where(condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  const like = typeof whenTrue === "number" ? (whenFalse as Tensor) : whenTrue;
  const a = typeof whenTrue === "number" ? scalarLike(like, whenTrue) : whenTrue;
  const b = typeof whenFalse === "number" ? scalarLike(like, whenFalse) : whenFalse;
  return new Tensor(record("where", [condition.value, a.value, b.value], {})[0]!);
}

export function cast(x: Tensor, to: ElementType): Tensor {
  return x.type === to ? x : new Tensor(record("cast", [x.value], { to })[0]!);
}

/** The value, with no gradient flowing through it. */
export function stopGradient(x: Tensor): Tensor {
  return new Tensor(record("stopGradient", [x.value], {})[0]!);
}
