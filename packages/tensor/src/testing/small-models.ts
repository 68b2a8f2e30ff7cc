/** Models small enough to be written by hand, for tests of the runtimes. */
import type { OnnxModel } from "../onnx/encode.ts";
import { type HostTensor, hostTensor } from "../runtime/host-tensor.ts";

/** An f32 tensor of these numbers, or of zeros. */
export const floats = (shape: readonly number[], ...numbers: number[]): HostTensor<"float32"> =>
  hostTensor("float32", shape, numbers.length === 0 ? undefined : Float32Array.from(numbers));

/** y = x + 1, with x of [2, n]. */
export const addOne: OnnxModel = {
  name: "add-one",
  nodes: [{ opType: "Add", inputs: ["x", "one"], outputs: ["y"] }],
  inputs: [{ name: "x", type: "float32", shape: [2, "n"] }],
  outputs: [{ name: "y", type: "float32", shape: [2, "n"] }],
  initializers: [{ name: "one", type: "float32", shape: [], data: Float32Array.of(1) }],
};

/** y = x W with W [2, 2] outside the model. */
export const project: OnnxModel = {
  name: "project",
  nodes: [{ opType: "MatMul", inputs: ["x", "weights"], outputs: ["y"] }],
  inputs: [{ name: "x", type: "float32", shape: [1, 2] }],
  outputs: [{ name: "y", type: "float32", shape: [1, 2] }],
  initializers: [{ name: "weights", type: "float32", shape: [2, 2], external: true }],
};

/** A chain of square matrix products, to keep a run busy for a while. */
export function busyModel(size: number, products: number): OnnxModel {
  const name = (index: number): string => (index === 0 ? "x" : index === products ? "y" : `h${index}`);
  return {
    name: "busy",
    nodes: Array.from({ length: products }, (_, index) => ({
      opType: "MatMul",
      inputs: [name(index), "x"],
      outputs: [name(index + 1)],
    })),
    inputs: [{ name: "x", type: "float32", shape: [size, size] }],
    outputs: [{ name: "y", type: "float32", shape: [size, size] }],
  };
}
