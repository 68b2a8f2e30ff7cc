/** Moving elements: reshape, transpose, slice, concatenate, split, stretch. */
import { ShapeError } from "../errors.ts";
import { formatShape, resolveAxis, type Shape, sameShape } from "../ir/shape.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

/** @param shape one length may be -1: whatever is left over */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const resolved = shape.includes(-1)
    ? shape.map((length) => (length === -1 ? leftOver(x.shape, shape) : length))
    : shape;
  return sameShape(x.shape, resolved) ? x : new Tensor(record("reshape", [x.value], { shape: resolved })[0]!);
}

/** The length that -1 stands for: known lengths divide, and symbols cancel against equal symbols. */
function leftOver(from: Shape, to: Shape): number {
  const symbols = from.filter(isSymbolic);
  for (const length of to.filter(isSymbolic)) {
    const position = symbols.indexOf(length);
    if (position >= 0) symbols.splice(position, 1);
  }
  const product = (lengths: Shape): number => lengths.filter((n) => n >= 0).reduce((a, b) => a * b, 1);
  const quotient = product(from) / product(to);
  if (symbols.length === 0 && Number.isInteger(quotient)) return quotient;
  if (symbols.length === 1 && quotient === 1) return symbols[0]!;
  throw new ShapeError({
    where: "reshape",
    found: `${formatShape(from)} to ${formatShape(to)}`,
    expected: "lengths that divide evenly, with at most one symbol left over",
    fix: "write the length instead of -1",
  });
}

/** @param permutation for each axis of the result, the axis of x it comes from */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return new Tensor(record("transpose", [x.value], { permutation })[0]!);
}

export function swapLastAxes(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  [axes[axes.length - 1], axes[axes.length - 2]] = [axes.length - 2, axes.length - 1];
  return transpose(x, axes);
}

/** Elements [start, end) of an axis; negative ends count from the back. */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const at = resolveAxis(axis, x.rank, "slice");
  const length = x.shape[at]!;
  const from = start < 0 ? start + length : start;
  const to = end === undefined ? length : end < 0 ? end + length : end;
  if (from === 0 && to === length) return x;
  return new Tensor(record("slice", [x.value], { axis: at, start: from, end: to })[0]!);
}

export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (first === undefined) {
    throw new ShapeError({
      where: "concat",
      found: "no tensors",
      expected: "at least one",
      fix: "pass the parts to join",
    });
  }
  if (parts.length === 1) return first;
  const at = resolveAxis(axis, first.rank, "concat");
  return new Tensor(
    record(
      "concat",
      parts.map((part) => part.value),
      { axis: at },
    )[0]!,
  );
}

/** Cuts an axis into parts of the given lengths. */
export function split(x: Tensor, axis: number, lengths: readonly number[]): Tensor[] {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return slice(x, axis, start - length, start);
  });
}

export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : new Tensor(record("broadcastTo", [x.value], { shape })[0]!);
}

/** Adds an axis of length 1 before `axis` (negative: counted in the result). */
export function expandDimensions(x: Tensor, axis: number): Tensor {
  const at = resolveAxis(axis, x.rank + 1, "expandDimensions");
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Drops an axis of length 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = resolveAxis(axis, x.rank, "squeeze");
  return reshape(x, [...x.shape.slice(0, at), ...x.shape.slice(at + 1)]);
}
