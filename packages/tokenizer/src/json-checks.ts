/** Typed reading of parsed JSON: each reader returns the value or throws an error that names the field. */
import { quote, TokenizerFormatError } from "./errors.ts";

export type JsonObject = { readonly [key: string]: unknown };

export function wrong(where: string, value: unknown, expected: string): TokenizerFormatError {
  return new TokenizerFormatError({
    where,
    found: quote(value),
    expected,
    fix: "download the file again, or write it with Hugging Face tokenizers or `myna`",
  });
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, where: string): JsonObject {
  if (!isObject(value)) throw wrong(where, value, "an object");
  return value;
}

export function asArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(where, value, "an array");
  return value;
}

export function asString(value: unknown, where: string): string {
  if (typeof value !== "string") throw wrong(where, value, "a string");
  return value;
}

export function asBoolean(value: unknown, where: string, absent: boolean): boolean {
  if (value === undefined || value === null) return absent;
  if (typeof value !== "boolean") throw wrong(where, value, "true or false");
  return value;
}

/** Ids index arrays, so they are capped: sixteen times the largest vocabulary in use. */
export const LARGEST_ID = (1 << 22) - 1;

export function asId(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > LARGEST_ID) {
    throw wrong(where, value, `a whole number from 0 to ${LARGEST_ID}`);
  }
  return value;
}
