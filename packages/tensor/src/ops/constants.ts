/** Constants of a program. */
import { ShapeError } from "../errors.ts";
import type { ConstantData } from "../ir/operators.ts";
import { elementCount, type Shape } from "../ir/shape.ts";
import type { ElementType } from "../runtime/host-tensor.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

function dataOf(type: ElementType, values: readonly number[]): ConstantData {
  switch (type) {
    case "int64":
      return BigInt64Array.from(values, BigInt);
    case "int32":
      return Int32Array.from(values);
    case "bool":
    case "uint8":
      return Uint8Array.from(values);
    case "float64":
      return Float64Array.from(values);
    case "float32":
    case "float16":
    case "bfloat16":
      return Float32Array.from(values);
    default:
      throw new ShapeError({
        where: "constant",
        found: `type ${type}`,
        expected: "a float, int32, int64, uint8 or bool",
        fix: "pass such constants as inputs",
      });
  }
}

/** @param values as many as the shape has elements, outermost axis first */
export function constant(type: ElementType, shape: Shape, values: readonly number[] | ConstantData): Tensor {
  const data = Array.isArray(values) ? dataOf(type, values as readonly number[]) : (values as ConstantData);
  if (data.length !== elementCount(shape, "constant")) {
    throw new ShapeError({
      where: "constant",
      found: `${data.length} values`,
      expected: `${elementCount(shape)}, the product of its shape`,
      fix: "give one value for each element",
    });
  }
  return new Tensor(record("constant", [], { data, type, shape })[0]!);
}

export function scalar(value: number, type: ElementType = "float32"): Tensor {
  return constant(type, [], [value]);
}

export function scalarLike(like: Tensor, value: number): Tensor {
  return scalar(value, like.type);
}

/** Zeros of a shape, stored as one number. */
export function zeros(shape: Shape, type: ElementType = "float32"): Tensor {
  return filled(shape, 0, type);
}

export function filled(shape: Shape, value: number, type: ElementType = "float32"): Tensor {
  const one = scalar(value, type);
  return shape.length === 0 ? one : new Tensor(record("broadcastTo", [one.value], { shape })[0]!);
}

/** 0, 1, … length − 1. */
export function iota(length: number, type: ElementType = "int64"): Tensor {
  return constant(
    type,
    [length],
    Array.from({ length }, (_, index) => index),
  );
}
