/** Shape rules of moving, stretching and reducing. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { broadcastShapes, formatShape, resolveAxis, type Shape, sameShape } from "../../ir/shape.ts";
import { isSymbolic } from "../../ir/symbolic-length.ts";
import { expectInputs, refuse, type ShapeRule } from "./checks.ts";

export const reshape: ShapeRule<OperatorAttributes["reshape"]> = ([x], { shape }, where) => {
  const count = (lengths: Shape) => lengths.filter((n) => !isSymbolic(n)).reduce((a, b) => a * b, 1);
  const symbols = (lengths: Shape) => lengths.filter(isSymbolic).sort().join();
  if (count(x.shape) !== count(shape) || symbols(x.shape) !== symbols(shape)) {
    refuse(
      where,
      `${formatShape(x.shape)} to ${formatShape(shape)}`,
      "the same number of elements",
      `${count(x.shape)} elements cannot become ${count(shape)}`,
    );
  }
  return [{ type: x.type, shape }];
};

export const transpose: ShapeRule<OperatorAttributes["transpose"]> = ([x], { permutation }, where) => {
  if ([...permutation].sort((a, b) => a - b).some((axis, i) => axis !== i) || permutation.length !== x.shape.length) {
    refuse(
      where,
      `permutation [${permutation.join(", ")}] of ${formatShape(x.shape)}`,
      `each axis from 0 to ${x.shape.length - 1} once`,
      "list every axis exactly once",
    );
  }
  return [{ type: x.type, shape: permutation.map((axis) => x.shape[axis]) }];
};

export const slice: ShapeRule<OperatorAttributes["slice"]> = ([x], { axis, start, end }, where) => {
  resolveAxis(axis, x.shape.length, where);
  if (!(start >= 0 && start < end && (end <= x.shape[axis] || isSymbolic(x.shape[axis])))) {
    refuse(
      where,
      `[${start}, ${end}) of axis ${axis} of ${formatShape(x.shape)}`,
      "a non-empty range inside the axis",
      "choose start below end, and end at most the axis length",
    );
  }
  return [{ type: x.type, shape: x.shape.map((length, i) => (i === axis ? end - start : length)) }];
};

export const concat: ShapeRule<OperatorAttributes["concat"]> = (inputs, { axis }, where) => {
  expectInputs(where, inputs, 1, Number.POSITIVE_INFINITY);
  const first = inputs[0];
  resolveAxis(axis, first.shape.length, where);
  for (const input of inputs) {
    if (
      input.type !== first.type ||
      input.shape.length !== first.shape.length ||
      input.shape.some((length, i) => i !== axis && length !== first.shape[i])
    ) {
      refuse(
        where,
        inputs.map((x) => `${x.type}${formatShape(x.shape)}`).join(", "),
        `one type and shapes equal everywhere but on axis ${axis}`,
        "slice, reshape or cast the odd one",
      );
    }
  }
  if (inputs.length > 1 && inputs.some((input) => isSymbolic(input.shape[axis]))) {
    refuse(
      where,
      inputs.map((x) => formatShape(x.shape)).join(", "),
      `lengths known on axis ${axis}, since the result's is their sum`,
      "trace the program with numbers for that axis",
    );
  }
  const total = inputs.reduce((sum, input) => sum + input.shape[axis], 0);
  return [{ type: first.type, shape: first.shape.map((length, i) => (i === axis ? total : length)) }];
};

export const broadcastTo: ShapeRule<OperatorAttributes["broadcastTo"]> = ([x], { shape }, where) => {
  if (!sameShape(broadcastShapes(x.shape, shape, where), shape)) {
    refuse(
      where,
      `${formatShape(x.shape)} to ${formatShape(shape)}`,
      "a shape it can stretch to",
      "only axes of length 1 stretch",
    );
  }
  return [{ type: x.type, shape }];
};

export const reduction: ShapeRule<OperatorAttributes["reduceSum"]> = (inputs, { axes, keepDimensions }, where) => {
  expectInputs(where, inputs, 1);
  const [x] = inputs;
  for (const axis of axes) resolveAxis(axis, x.shape.length, where);
  const shape = keepDimensions
    ? x.shape.map((length, axis) => (axes.includes(axis) ? 1 : length))
    : x.shape.filter((_, axis) => !axes.includes(axis));
  return [{ type: x.type, shape }];
};

export const cumulativeSum: ShapeRule<OperatorAttributes["cumulativeSum"]> = ([x], { axis }, where) => {
  resolveAxis(axis, x.shape.length, where);
  return [x];
};
