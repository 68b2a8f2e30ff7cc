/**
 * The numbers of the reference evaluator. Every float type is held in float64, so that central differences have digits to
 * compare; every other type in 64-bit integers, because dropout's hashes multiply to 2⁶² and ids must stay exact.
 */
import { ShapeError } from "../../errors.ts";
import type { ConstantData } from "../../ir/operators.ts";
import type { Shape } from "../../ir/shape.ts";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "../../kernels/half-floats.ts";
import { type ElementType, type HostData, type HostTensor, hostTensor } from "../../runtime/host-tensor.ts";

export type EvaluatedData = Float64Array | BigInt64Array;

export interface EvaluatedTensor {
  readonly type: ElementType;
  /** Every length known. */
  readonly shape: Shape;
  /** Float64Array for floats, BigInt64Array for integers and bool (0 and 1). */
  readonly data: EvaluatedData;
}

/** What the evaluator accepts as an input: a host tensor, or numbers in the evaluator's own precision. */
export interface TensorLike {
  readonly type: ElementType;
  readonly shape: Shape;
  readonly data: HostData | EvaluatedData | ConstantData;
}

export function isFloat(type: ElementType): boolean {
  return type === "float32" || type === "float64" || type === "float16" || type === "bfloat16";
}

export function emptyData(type: ElementType, count: number): EvaluatedData {
  return isFloat(type) ? new Float64Array(count) : new BigInt64Array(count);
}

/** Exact for every type. */
export function toEvaluated({ type, shape, data }: TensorLike): EvaluatedTensor {
  const bits = data instanceof Uint16Array;
  const values =
    type === "float16" && bits ? float16ToFloat32(data) : type === "bfloat16" && bits ? bfloat16ToFloat32(data) : data;
  const source = values as Iterable<number | bigint> & ArrayLike<number | bigint>;
  return {
    type,
    shape,
    data: isFloat(type) ? Float64Array.from(source, Number) : BigInt64Array.from(source, BigInt),
  };
}

/** Rounded to the tensor's own type. */
export function toHost({ type, shape, data }: EvaluatedTensor): HostTensor {
  const narrow = () => new Float32Array(data as Float64Array);
  switch (type) {
    case "float64":
      return hostTensor(type, shape, new Float64Array(data as Float64Array));
    case "float32":
      return hostTensor(type, shape, narrow());
    case "float16":
      return hostTensor(type, shape, float32ToFloat16(narrow()));
    case "bfloat16":
      return hostTensor(type, shape, float32ToBfloat16(narrow()));
    case "int64":
      return hostTensor(type, shape, new BigInt64Array(data as BigInt64Array));
    case "int32":
      return hostTensor(type, shape, Int32Array.from(data as BigInt64Array, Number));
    case "int8":
      return hostTensor(type, shape, Int8Array.from(data as BigInt64Array, Number));
    case "uint8":
    case "bool":
      return hostTensor(type, shape, Uint8Array.from(data as BigInt64Array, Number));
  }
}

/** The data of a constant that holds these numbers. */
export function toConstantData({ type, data }: EvaluatedTensor): ConstantData {
  if (type === "float64") return new Float64Array(data as Float64Array);
  if (isFloat(type)) return new Float32Array(data as Float64Array);
  if (type === "int64") return new BigInt64Array(data as BigInt64Array);
  if (type === "int32") return Int32Array.from(data as BigInt64Array, Number);
  if (type === "uint8" || type === "bool") return Uint8Array.from(data as BigInt64Array, Number);
  throw new ShapeError({
    where: "constant",
    found: `type ${type}`,
    expected: "a float, int32, int64, uint8 or bool",
    fix: "cast it first",
  });
}

export function floatsOf(tensor: EvaluatedTensor): Float64Array {
  return tensor.data as Float64Array;
}

export function integersOf(tensor: EvaluatedTensor): BigInt64Array {
  return tensor.data as BigInt64Array;
}
