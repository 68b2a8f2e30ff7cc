/**
 * Puts the values of external initialisers into a model's bytes, for a runtime that cannot be handed memory. Reads just
 * enough of the wire format to find ModelProto.graph (7), GraphProto.initializer (5) and their names (8).
 */

import { OnnxRuntimeError } from "../errors.ts";
import type { HostTensor } from "./host-tensor.ts";

interface Field {
  readonly number: number;
  /** The whole field, tag included. */
  readonly bytes: Uint8Array;
  /** The content of a length-delimited field; empty for other kinds. */
  readonly content: Uint8Array;
}

function readVarint(bytes: Uint8Array, position: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  let end = position;
  for (;;) {
    const byte = bytes[end++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end };
    scale *= 128;
  }
}

function* readFields(bytes: Uint8Array): Generator<Field> {
  const fixedLengths: Partial<Record<number, number>> = { 1: 8, 5: 4 };
  for (let position = 0; position < bytes.length; ) {
    const tag = readVarint(bytes, position);
    const wire = tag.value % 8;
    const { value, end: afterVarint } =
      wire === 0 || wire === 2 ? readVarint(bytes, tag.end) : { value: 0, end: tag.end };
    const end = afterVarint + (wire === 2 ? value : (fixedLengths[wire] ?? 0));
    const content = bytes.subarray(wire === 2 ? afterVarint : end, end);
    yield { number: Math.floor(tag.value / 8), bytes: bytes.subarray(position, end), content };
    position = end;
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

function delimited(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = parts.reduce((total, part) => total + part.length, 0);
  return [Uint8Array.from([...varint(number * 8 + 2), ...varint(length)]), ...parts];
}

function inlineTensor(field: Field, initializers: Readonly<Record<string, HostTensor>>): Uint8Array[] {
  const fields = [...readFields(field.content)];
  const isExternal = fields.some(({ number }) => number === 14);
  const name = new TextDecoder().decode(fields.find(({ number }) => number === 8)?.content);
  const tensor = initializers[name];
  if (!isExternal || tensor === undefined) return [field.bytes];
  const kept = fields.filter(({ number }) => number !== 13 && number !== 14).map(({ bytes }) => bytes);
  const { buffer, byteOffset, byteLength } = tensor.data;
  return delimited(5, [...kept, ...delimited(9, [new Uint8Array(buffer, byteOffset, byteLength)])]);
}

/** @throws {OnnxRuntimeError} if the result would be longer than the 2 GiB that the format allows */
export function inlineInitializers(
  model: Uint8Array,
  initializers: Readonly<Record<string, HostTensor>>,
): Uint8Array<ArrayBuffer> {
  const parts = [...readFields(model)].flatMap((modelField) => {
    if (modelField.number !== 7) return [modelField.bytes];
    const graph = [...readFields(modelField.content)].flatMap((field) =>
      field.number === 5 ? inlineTensor(field, initializers) : [field.bytes],
    );
    return delimited(7, graph);
  });
  const length = parts.reduce((total, part) => total + part.length, 0);
  if (length >= 2 ** 31) {
    throw new OnnxRuntimeError({
      where: "N-API runtime",
      found: `a model of ${length} bytes with its weights`,
      expected: "less than 2 GiB, because this runtime copies weights into the model",
      fix: "use the C API runtime (unset MYNA_RUNTIME), or a smaller or quantised model",
    });
  }
  const whole = new Uint8Array(length);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
