/**
 * Shapes: lists of axis lengths, outermost first. A length is a non-negative integer, or a negative one that stands for a
 * symbolic length known only when the program runs (see symbolic-length.ts); equal symbols are equal lengths.
 * This file compares and combines shapes; what an operator does with them is in rules/shape.ts.
 */
import { ShapeError } from "../errors.ts";
import { lengthName } from "./symbolic-length.ts";

export type Shape = readonly number[];

/** Shape as people read it: `[2, time, 64]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.map(lengthName).join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** Number of elements; throws when an axis is symbolic. */
export function elementCount(shape: Shape, where = "elementCount"): number {
  let count = 1;
  for (const length of shape) {
    if (length < 0) {
      throw new ShapeError({
        where,
        found: formatShape(shape),
        expected: "a shape with every length known",
        fix: `trace the program with a number for ${lengthName(length)}`,
      });
    }
    count *= length;
  }
  return count;
}

/** NumPy's broadcasting: align at the last axis, a length of 1 stretches. */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[a.length - rank + axis] ?? 1;
    const right = b[b.length - rank + axis] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError({
        where,
        found: `shapes ${formatShape(a)} and ${formatShape(b)}`,
        expected: "lengths that are equal or 1 on every axis, counted from the last",
        fix: `reshape or transpose one of them; axis ${axis - rank} has ${lengthName(left)} against ${lengthName(right)}`,
      });
    }
    result.push(left === 1 ? right : left);
  }
  return result;
}

/** Turns a negative axis into its position from the front; throws when it lies outside the shape. */
export function resolveAxis(axis: number, rank: number, where: string): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new ShapeError({
      where,
      found: `axis ${axis} of a tensor with ${rank} axes`,
      expected: rank === 0 ? "a tensor with at least one axis" : `an axis from ${-rank} to ${rank - 1}`,
      fix: "name an axis the tensor has",
    });
  }
  return resolved;
}

/** Strides in elements of a dense row-major tensor. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}
