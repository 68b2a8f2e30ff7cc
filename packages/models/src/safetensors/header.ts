/**
 * The head of a safetensors file: its length in eight bytes, then JSON that says where each tensor lies. A file comes from
 * anyone, so nothing here is believed before it is checked; what passes has tensors that cover the data exactly once.
 *
 * @see https://github.com/huggingface/safetensors#format
 */

import { describeJson, isJsonObject } from "../config/json-fields.ts";
import { CheckpointError } from "../errors.ts";
import { findExcess } from "../files/json-excess.ts";
import { readableTypes, storedBytes } from "./element-types.ts";

/** The reference implementation's limit on the JSON. */
export const maximumHeaderBytes = 100_000_000;
/** Bytes before the JSON. */
export const lengthBytes = 8;
const maximumRank = 64;
/** An object of tensors, each an object with lists. */
const deepestHeader = 3;
/** About 300,000 tensors; published files have fewer than 100,000. */
const mostHeaderValues = 2_000_000;

export interface StoredTensor {
  readonly name: string;
  /** As the file spells it: "F32", "BF16". */
  readonly storedType: string;
  readonly shape: readonly number[];
  /** Bytes from the file's beginning. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

function refuse(where: string, found: string, expected: string): never {
  throw new CheckpointError({ where, found, expected, fix: "download or copy the file again; it is damaged" });
}

/**
 * @param prefix    the file's first eight bytes (fewer if it has no more)
 * @param fileBytes length of the whole file
 * @param where     the file as errors name it
 * @returns         bytes of JSON after the prefix
 */
export function readHeaderLength(prefix: Uint8Array, fileBytes: number, where: string): number {
  if (prefix.length < lengthBytes) {
    refuse(where, `a file of ${fileBytes} bytes`, `at least ${lengthBytes}, the length of the header`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(maximumHeaderBytes)) {
    refuse(where, `a header of ${length} bytes`, `at most ${maximumHeaderBytes}`);
  }
  if (Number(length) > fileBytes - lengthBytes) {
    refuse(where, `a header of ${length} bytes in a file of ${fileBytes}`, "a header inside the file");
  }
  return Number(length);
}

/**
 * @param json as many bytes as `readHeaderLength` said
 * @throws {CheckpointError} if it is not JSON, or its tensors do not cover the rest of the file exactly once
 */
export function parseHeader(json: Uint8Array, fileBytes: number, where: string): SafetensorsHeader {
  const dataStart = lengthBytes + json.length;
  const parsed = parseJson(json, where);
  const metadata = new Map<string, string>();
  const tensors: StoredTensor[] = [];
  for (const [name, entry] of Object.entries(parsed)) {
    if (name === "__metadata__") {
      if (!isJsonObject(entry)) refuse(where, `__metadata__ = ${describeJson(entry)}`, "an object of texts");
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== "string") refuse(where, `__metadata__ ${key} = ${describeJson(value)}`, "a text");
        metadata.set(key, value);
      }
    } else {
      tensors.push(parseTensor(name, entry, dataStart, where));
    }
  }
  tensors.sort((a, b) => a.start - b.start || a.end - b.end);
  // A name given twice leaves a hole where its first tensor lay, since JSON keeps the last, and is refused by that.
  checkCoverage(tensors, dataStart, fileBytes, where);
  return { metadata, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

function parseJson(bytes: Uint8Array, where: string): Readonly<Record<string, unknown>> {
  const excess = findExcess(bytes, deepestHeader, mostHeaderValues);
  if (excess !== undefined) {
    refuse(where, `a header with ${excess}`, `at most ${deepestHeader} levels and ${mostHeaderValues} values`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    // Not UTF-8 or not JSON: all the same to the reader.
    throw new CheckpointError(
      {
        where,
        found: `a header that is not JSON (${(error as Error).message.slice(0, 80)})`,
        expected: "a safetensors file",
        fix: "convert the weights to safetensors, or download the file again",
      },
      { cause: error },
    );
  }
  if (!isJsonObject(parsed)) refuse(where, `a header of ${describeJson(parsed)}`, "a JSON object");
  return parsed;
}

function parseTensor(name: string, entry: unknown, dataStart: number, where: string): StoredTensor {
  const at = `${where}, tensor ${describeJson(name)}`;
  if (!isJsonObject(entry)) refuse(at, describeJson(entry), "an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = entry;
  const elementBytes = typeof dtype === "string" ? storedBytes(dtype) : undefined;
  if (elementBytes === undefined) refuse(at, `dtype ${describeJson(dtype)}`, readableTypes.join(", "));
  if (!isSizes(shape) || shape.length > maximumRank) {
    refuse(at, `shape ${describeJson(shape)}`, `at most ${maximumRank} whole numbers from 0 to 2^53`);
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    refuse(at, `data_offsets ${describeJson(offsets)}`, "a begin and an end after it, from 0 to 2^53");
  }
  const [begin, end] = offsets as [number, number];
  // In whole numbers without limit: the product of two legal sizes can pass 2^53.
  const bytes = shape.reduce((product, size) => product * BigInt(size), BigInt(elementBytes));
  if (bytes !== BigInt(end - begin)) {
    refuse(at, `${end - begin} bytes of data`, `${bytes}, which ${dtype} of shape [${shape.join(", ")}] takes`);
  }
  return { name, storedType: dtype as string, shape, start: dataStart + begin, end: dataStart + end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function checkCoverage(tensors: readonly StoredTensor[], dataStart: number, fileBytes: number, where: string): void {
  let covered = dataStart;
  for (const { name, start, end } of tensors) {
    if (start !== covered) {
      const gap = start > covered ? `a hole of ${start - covered} bytes before it` : "data shared with another tensor";
      refuse(`${where}, tensor ${describeJson(name)}`, gap, "tensors side by side");
    }
    covered = end;
  }
  if (covered !== fileBytes) {
    const difference = fileBytes - covered;
    const found =
      difference > 0 ? `${difference} bytes after the last tensor` : `a file ${-difference} bytes too short`;
    refuse(where, found, `${covered} bytes, as its header says`);
  }
}
