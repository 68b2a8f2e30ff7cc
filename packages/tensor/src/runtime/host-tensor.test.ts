import { expect, test } from "vitest";
import { hostTensor } from "./host-tensor.ts";

test("refuses a length that is not the shape's product, another array kind, and strange sizes", () => {
  expect(() => hostTensor("float32", [2, 3], new Float32Array(5))).toThrow(
    "hostTensor float32: found 5 elements; expected 6, the product of shape [2,3]. To fix:",
  );
  expect(() => hostTensor("float32", [1], new Float64Array(1) as unknown as Float32Array<ArrayBuffer>)).toThrow(
    "found Float64Array; expected Float32Array over an ArrayBuffer",
  );
  expect(() => hostTensor("int64", [-1])).toThrow("found shape [-1]");
});
