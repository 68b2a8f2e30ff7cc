/** Where elements lie in dense row-major data. Everything that moves or stretches is one list of source offsets. */
import { elementCount, rowMajorStrides, type Shape } from "../../ir/shape.ts";
import type { EvaluatedData } from "./evaluated-tensor.ts";

/** For each element of `shape` in order, base + Σ index · stride. */
export function stridedOffsets(shape: Shape, strides: readonly number[], base = 0): Int32Array {
  const offsets = new Int32Array(elementCount(shape));
  const index = new Array<number>(shape.length).fill(0);
  let offset = base;
  for (let position = 0; position < offsets.length; position++) {
    offsets[position] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return offsets;
}

/** For each element of `to`, the offset in `from` of the element stretched to it. */
export function broadcastOffsets(from: Shape, to: Shape): Int32Array {
  const own = rowMajorStrides(from);
  const strides = to.map((_, axis) => {
    const source = axis - (to.length - from.length);
    return source < 0 || from[source] === 1 ? 0 : own[source]!;
  });
  return stridedOffsets(to, strides);
}

/** The elements at the given offsets. */
export function take(data: EvaluatedData, offsets: Int32Array): EvaluatedData {
  if (data instanceof Float64Array) return Float64Array.from(offsets, (offset) => data[offset]!);
  const result = new BigInt64Array(offsets.length);
  offsets.forEach((offset, position) => {
    result[position] = data[offset]!;
  });
  return result;
}

/** Lengths before, of and after an axis: element (o, i, n) lies at (o · length + i) · inner + n. */
export function aroundAxis(shape: Shape, axis: number): { outer: number; length: number; inner: number } {
  return {
    outer: elementCount(shape.slice(0, axis)),
    length: shape[axis]!,
    inner: elementCount(shape.slice(axis + 1)),
  };
}

/** Data of shape `from` summed over what was stretched to get there from `to`. */
export function sumTo(data: Float64Array, from: Shape, to: Shape): Float64Array {
  const result = new Float64Array(elementCount(to));
  broadcastOffsets(to, from).forEach((offset, position) => {
    result[offset]! += data[position]!;
  });
  return result;
}
