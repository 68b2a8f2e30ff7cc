/** ONNX's numbers for element types (TensorProto.DataType), which ONNX Runtime's C API shares. */

import type { ElementType } from "../runtime/host-tensor.ts";

export const onnxElementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const satisfies Record<ElementType, number>;

const names = new Map<number, ElementType>(
  Object.entries(onnxElementTypes).map(([name, number]) => [number, name as ElementType]),
);

/** The name of an ONNX element type, or undefined for those that no tensor here carries (strings, complex numbers). */
export function elementTypeOf(onnxNumber: number): ElementType | undefined {
  return names.get(onnxNumber);
}
