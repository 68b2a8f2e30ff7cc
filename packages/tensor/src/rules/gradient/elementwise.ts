/** Gradients of the operations on each element. Where a function has a corner, the convention is named. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { scalarLike } from "../../ops/constants.ts";
import {
  add,
  cast,
  cosine,
  divide,
  equal,
  erf,
  exp,
  less,
  log,
  multiply,
  negate,
  power as raise,
  sigmoid,
  sine,
  subtract,
  tanh,
  where,
} from "../../ops/elementwise.ts";
import type { Tensor } from "../../trace/tensor.ts";
import type { GradientRule } from "./gradient-rule.ts";

/** From the gradient of y = f(x) to that of x. */
const unary =
  (backward: (gradient: Tensor, x: Tensor, y: Tensor) => Tensor): GradientRule<object> =>
  ({ gradient, inputs, outputs, add }) =>
    add(0, () => backward(gradient, inputs[0]!, outputs[0]!));

const zeroLike = (x: Tensor) => scalarLike(x, 0);

/** 1 where a wins, ½ where both are equal, as a tensor of a's type. */
const shareOfWinner = (isWinning: Tensor, isTie: Tensor, like: Tensor) =>
  add(cast(isWinning, like.type), multiply(cast(isTie, like.type), 0.5));

const extremum =
  (isFirst: (a: Tensor, b: Tensor) => Tensor): GradientRule<object> =>
  ({ gradient, inputs: [a, b], add }) => {
    add(0, () => multiply(gradient, shareOfWinner(isFirst(a!, b!), equal(a!, b!), a!)));
    add(1, () => multiply(gradient, shareOfWinner(isFirst(b!, a!), equal(a!, b!), a!)));
  };

/** Φ(x) + x φ(x), of the normal distribution. */
function geluSlope(x: Tensor): Tensor {
  const cumulative = add(multiply(erf(multiply(x, Math.SQRT1_2)), 0.5), 0.5);
  const density = multiply(exp(multiply(multiply(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(cumulative, multiply(x, density));
}

/** Derivative of ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
function geluTanhSlope(x: Tensor): Tensor {
  const [slope, cubic] = [Math.sqrt(2 / Math.PI), 0.044715]; // the constants of arXiv:1606.08415
  const squared = multiply(x, x);
  const t = tanh(multiply(x, add(multiply(squared, slope * cubic), slope)));
  const inner = add(multiply(squared, 3 * slope * cubic), slope);
  const half = multiply(x, 0.5);
  return add(add(multiply(t, 0.5), 0.5), multiply(multiply(half, subtract(1, multiply(t, t))), inner));
}

export const negateGradient = unary((g) => negate(g));
export const expGradient = unary((g, _, y) => multiply(g, y));
export const logGradient = unary((g, x) => divide(g, x));
export const sqrtGradient = unary((g, _, y) => divide(multiply(g, 0.5), y));
export const reciprocalGradient = unary((g, _, y) => negate(multiply(g, multiply(y, y))));
/** 0 at 0. */
export const absoluteGradient = unary((g, x) => {
  const sign = subtract(cast(less(zeroLike(x), x), x.type), cast(less(x, zeroLike(x)), x.type));
  return multiply(g, sign);
});
export const sineGradient = unary((g, x) => multiply(g, cosine(x)));
export const cosineGradient = unary((g, x) => negate(multiply(g, sine(x))));
export const tanhGradient = unary((g, _, y) => multiply(g, subtract(1, multiply(y, y))));
export const sigmoidGradient = unary((g, _, y) => multiply(g, subtract(y, multiply(y, y))));
export const erfGradient = unary((g, x) => multiply(g, multiply(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI))));
/** 0 at 0. */
export const reluGradient = unary((g, _, y) => where(less(zeroLike(y), y), g, 0));
/** σ + y (1 − σ) */
export const siluGradient = unary((g, x, y) => {
  const s = sigmoid(x);
  return multiply(g, add(s, subtract(y, multiply(y, s))));
});
export const geluGradient: GradientRule<OperatorAttributes["gelu"]> = ({ attributes, gradient, inputs: [x], add }) =>
  add(0, () => multiply(gradient, attributes.approximation === "tanh" ? geluTanhSlope(x!) : geluSlope(x!)));

/** Between floats; other casts end the path, because no wanted input lies behind them. */
export const castGradient: GradientRule<object> = ({ gradient, inputs: [x], add }) =>
  add(0, () => cast(gradient, x!.type));

export const addGradient: GradientRule<object> = ({ gradient, add }) => {
  add(0, () => gradient);
  add(1, () => gradient);
};
export const subtractGradient: GradientRule<object> = ({ gradient, add }) => {
  add(0, () => gradient);
  add(1, () => negate(gradient));
};
export const multiplyGradient: GradientRule<object> = ({ gradient, inputs: [a, b], add }) => {
  if (a!.value === b!.value) return add(0, () => multiply(multiply(gradient, 2), a!)); // a square, in two products
  add(0, () => multiply(gradient, b!));
  add(1, () => multiply(gradient, a!));
};
export const divideGradient: GradientRule<object> = ({ gradient, inputs: [, b], outputs: [y], add }) => {
  add(0, () => divide(gradient, b!));
  add(1, () => negate(divide(multiply(gradient, y!), b!)));
};
/** At ties half to each. */
export const maximumGradient = extremum((a, b) => less(b, a));
/** At ties half to each. */
export const minimumGradient = extremum((a, b) => less(a, b));
/** The base's gradient is 0 where the exponent is 0; the exponent's is 0 where the base is not positive. */
export const powerGradient: GradientRule<object> = ({ gradient, inputs: [base, exponent], outputs: [y], add }) => {
  const isZero = () => equal(exponent!, zeroLike(exponent!));
  add(0, () => {
    const lowered = where(isZero(), 0, raise(base!, subtract(where(isZero(), 1, exponent!), 1)));
    return multiply(gradient, multiply(exponent!, lowered));
  });
  add(1, () => {
    const isPositive = less(zeroLike(base!), base!);
    return multiply(gradient, where(isPositive, multiply(y!, log(where(isPositive, base!, 1))), 0));
  });
};
export const whereGradient: GradientRule<object> = ({ gradient, inputs: [condition], add }) => {
  add(1, () => where(condition!, gradient, 0));
  add(2, () => where(condition!, 0, gradient));
};
