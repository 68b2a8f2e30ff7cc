/** Element types as safetensors spells them, beside how host tensors do. */
import { type ElementType, elementBytes } from "@myna/tensor";

const hostTypes = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
} as const satisfies Record<string, ElementType>;

/** Types that files may hold beside ones we read, by their bytes. Types of less than a byte are refused. */
const otherTypes: Readonly<Record<string, number>> = {
  C64: 8,
  U64: 8,
  U32: 4,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
};

export const readableTypes: readonly string[] = Object.keys(hostTypes);

/** Host type of a stored type, or undefined when host tensors have none. */
export function hostTypeOf(stored: string): ElementType | undefined {
  return Object.hasOwn(hostTypes, stored) ? hostTypes[stored as keyof typeof hostTypes] : undefined;
}

/** Bytes of one element, or undefined for a type that the format does not know. */
export function storedBytes(stored: string): number | undefined {
  const host = hostTypeOf(stored);
  if (host !== undefined) return elementBytes(host);
  return Object.hasOwn(otherTypes, stored) ? otherTypes[stored] : undefined;
}

export function storedTypeOf(type: ElementType): string {
  return readableTypes.find((stored) => hostTypeOf(stored) === type)!;
}

/** Where safetensors' own writer puts a type: wide ones first, so that every tensor is aligned. */
export function storageRank(type: ElementType): number {
  return ["float64", "int64", "float32", "int32", "bfloat16", "float16", "int8", "uint8", "bool"].indexOf(type);
}
