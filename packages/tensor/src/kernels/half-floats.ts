/** Conversions between f32 and the two 16-bit floats as their bits, which is how checkpoints and host tensors keep them. */

import { ShapeError } from "../errors.ts";

type Floats = Float32Array<ArrayBuffer>;
type Bits16 = Uint16Array<ArrayBuffer>;

/** The high half of a float32; same range, 8 significant bits. */
export function float32ToBfloat16(source: Floats, target: Bits16 = zeros16(source.length)): Bits16 {
  checkSameLength("float32ToBfloat16", source, target);
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let index = 0; index < bits.length; index++) {
    const value = bits[index]!;
    const isNotANumber = (value & 0x7fff_ffff) > 0x7f80_0000;
    // To nearest, ties to even; a NaN must not round into an infinity, so it keeps its top bits and becomes quiet.
    target[index] = isNotANumber ? (value >>> 16) | 0x40 : (value + 0x7fff + ((value >>> 16) & 1)) >>> 16;
  }
  return target;
}

/** Exact. */
export function bfloat16ToFloat32(source: Bits16, target: Floats = zeros32(source.length)): Floats {
  checkSameLength("bfloat16ToFloat32", source, target);
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let index = 0; index < bits.length; index++) bits[index] = source[index]! << 16;
  return target;
}

/** IEEE half precision: to nearest, ties to even; beyond 65,504 to infinity. */
export function float32ToFloat16(source: Floats, target: Bits16 = zeros16(source.length)): Bits16 {
  checkSameLength("float32ToFloat16", source, target);
  new Float16Array(target.buffer, target.byteOffset, target.length).set(source);
  return target;
}

/** Exact. */
export function float16ToFloat32(source: Bits16, target: Floats = zeros32(source.length)): Floats {
  checkSameLength("float16ToFloat32", source, target);
  target.set(new Float16Array(source.buffer, source.byteOffset, source.length));
  return target;
}

// Both in an explicit buffer, so that ONNX Runtime may read them in place.
const zeros16 = (length: number): Bits16 => new Uint16Array(new ArrayBuffer(length * 2));
const zeros32 = (length: number): Floats => new Float32Array(new ArrayBuffer(length * 4));

function checkSameLength(where: string, source: ArrayLike<number>, target: ArrayLike<number>): void {
  if (source.length === target.length) return;
  throw new ShapeError({
    where,
    found: `${source.length} elements into ${target.length}`,
    expected: "a target as long as the source",
    fix: "leave the target out, or allocate it with the source's length",
  });
}
