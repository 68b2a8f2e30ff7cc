/**
 * Tensors in this process's memory: a type, a shape and a typed array that ONNX Runtime reads and writes in place.
 * Leaves computing to the sessions and symbolic tensors to the tracer.
 */

import { ShapeError } from "../errors.ts";

export type ElementType =
  | "float32"
  | "float16"
  | "bfloat16"
  | "float64"
  | "int64"
  | "int32"
  | "int8"
  | "uint8"
  | "bool";

export type HostData =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>;

/** The array that carries each element type; the two 16-bit floats travel as their bits, bool as 0 and 1. */
export interface HostDataOf {
  float32: Float32Array<ArrayBuffer>;
  float16: Uint16Array<ArrayBuffer>;
  bfloat16: Uint16Array<ArrayBuffer>;
  float64: Float64Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  int8: Int8Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

export interface HostTensor<Type extends ElementType = ElementType> {
  readonly type: Type;
  readonly shape: readonly number[];
  readonly data: HostDataOf[Type];
}

const arrayConstructors = {
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies Record<ElementType, unknown>;

export function elementBytes(type: ElementType): number {
  return arrayConstructors[type].BYTES_PER_ELEMENT;
}

/** Product of the sizes; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * A tensor in host memory. ONNX Runtime works on `data` itself, so what a run writes is seen here without a copy.
 *
 * @param shape non-negative whole sizes, [] for a scalar
 * @param data  exactly as many elements as the shape; zeros when absent. A view of a `WebAssembly.Memory` is fine, one
 *              of a `SharedArrayBuffer` is not
 * @throws {ShapeError} if sizes, array kind or length do not fit
 */
export function hostTensor<Type extends ElementType>(
  type: Type,
  shape: readonly number[],
  data?: HostDataOf[Type],
): HostTensor<Type> {
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new ShapeError({
        where: `hostTensor ${type}`,
        found: `shape [${shape}]`,
        expected: "non-negative whole sizes",
        fix: `replace ${size} by the number of elements along that axis`,
      });
    }
  }
  const count = elementCount(shape);
  const ArrayKind = arrayConstructors[type];
  if (data === undefined) {
    // A small array made by length alone may live inside V8's moving heap, where its address does not last; an explicit
    // ArrayBuffer never does.
    const zeros = new ArrayKind(new ArrayBuffer(count * ArrayKind.BYTES_PER_ELEMENT));
    return { type, shape: [...shape], data: zeros as HostDataOf[Type] };
  }
  if (!(data instanceof ArrayKind) || !(data.buffer instanceof ArrayBuffer)) {
    throw new ShapeError({
      where: `hostTensor ${type}`,
      found: Object.prototype.toString.call(data).slice(8, -1),
      expected: `${ArrayKind.name} over an ArrayBuffer`,
      fix: `pass the values as a ${ArrayKind.name}`,
    });
  }
  if (data.length !== count) {
    throw new ShapeError({
      where: `hostTensor ${type}`,
      found: `${data.length} elements`,
      expected: `${count}, the product of shape [${shape}]`,
      fix: "pass a subarray of that length, or correct the shape",
    });
  }
  return { type, shape: [...shape], data };
}
