/** Gradients of moving, stretching and reducing. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { elementCount, type Shape } from "../../ir/shape.ts";
import { isSymbolic } from "../../ir/symbolic-length.ts";
import { broadcastTo, reshape, slice, transpose } from "../../ops/axes.ts";
import { filled, scalarLike } from "../../ops/constants.ts";
import { cast, divide, equal, multiply } from "../../ops/elementwise.ts";
import { cumulativeSum, sum } from "../../ops/reductions.ts";
import type { Tensor } from "../../trace/tensor.ts";
import type { GradientRule } from "./gradient-rule.ts";

export const transposeGradient: GradientRule<OperatorAttributes["transpose"]> = ({ gradient, attributes, add }) => {
  const { permutation } = attributes;
  add(0, () =>
    transpose(
      gradient,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  );
};

export const sliceGradient: GradientRule<OperatorAttributes["slice"]> = ({ gradient, attributes, addPart }) =>
  addPart(0, attributes.axis, attributes.start, () => gradient);

export const concatGradient: GradientRule<OperatorAttributes["concat"]> = ({ gradient, attributes, inputs, add }) => {
  let start = 0;
  inputs.forEach((input, index) => {
    const [from, to] = [start, start + input.shape[attributes.axis]!];
    start = to;
    add(index, () => slice(gradient, attributes.axis, from, to));
  });
};

/** The sum over stretched axes is the context's doing. */
export const broadcastToGradient: GradientRule<object> = ({ gradient, add }) => add(0, () => gradient);

/** The shape of x with reduced axes kept at length 1. */
const keptShape = (x: Tensor, axes: readonly number[]): Shape =>
  x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));

/** A gradient of reduced shape, stretched over what was reduced. */
function stretch(gradient: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return broadcastTo(gradient.rank === 0 ? gradient : reshape(gradient, keptShape(x, axes)), x.shape);
}

/** Number of elements behind each mean; counted by the program when a length is symbolic. */
function reducedCount(x: Tensor, axes: readonly number[]): Tensor {
  const lengths = axes.map((axis) => x.shape[axis]!);
  if (!lengths.some(isSymbolic)) return scalarLike(x, elementCount(lengths));
  return sum(filled(lengths, 1, x.type));
}

type Reduction = OperatorAttributes["reduceSum"];

export const reduceSumGradient: GradientRule<Reduction> = ({ gradient, attributes, inputs: [x], add }) =>
  add(0, () => stretch(gradient, x!, attributes.axes));

export const reduceMeanGradient: GradientRule<Reduction> = ({ gradient, attributes, inputs: [x], add }) =>
  add(0, () => stretch(divide(gradient, reducedCount(x!, attributes.axes)), x!, attributes.axes));

/** In equal shares to every element that equals the maximum. */
export const reduceMaxGradient: GradientRule<Reduction> = ({
  gradient,
  attributes: { axes },
  inputs: [x],
  outputs: [y],
  add,
}) =>
  add(0, () => {
    const isLargest = cast(equal(x!, reshape(y!, keptShape(x!, axes))), x!.type);
    const share = divide(reshape(gradient, keptShape(x!, axes)), sum(isLargest, { axes, keepDimensions: true }));
    return multiply(isLargest, share);
  });

export const cumulativeSumGradient: GradientRule<OperatorAttributes["cumulativeSum"]> = ({
  gradient,
  attributes: { axis, reverse },
  add,
}) => add(0, () => cumulativeSum(gradient, axis, !reverse));
