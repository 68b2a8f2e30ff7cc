/** Writes safetensors files. The same tensors give the same bytes, whatever order they come in. */
import type { HostTensor } from "@myna/tensor";
import { CheckpointError } from "../errors.ts";
import { writeDurably } from "../files/durable-file.ts";
import { storageRank, storedTypeOf } from "./element-types.ts";
import { lengthBytes, maximumHeaderBytes } from "./header.ts";

export type NamedTensors = Iterable<readonly [name: string, tensor: HostTensor]>;

/** Numbers by name in the order of the file: wide types first, so that all are aligned, then by name. */
function inStorageOrder(tensors: NamedTensors): (readonly [string, HostTensor])[] {
  return [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      storageRank(a.type) - storageRank(b.type) || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );
}

function checkNames(path: string, tensors: readonly (readonly [string, HostTensor])[]): void {
  const seen = new Set(["__metadata__"]);
  for (const [name] of tensors) {
    if (seen.has(name)) {
      throw new CheckpointError({
        where: path,
        found: `a tensor named "${name}"${name === "__metadata__" ? "" : " twice"}`,
        expected: "names that are free",
        fix: "rename the tensor",
      });
    }
    seen.add(name);
  }
}

/** The header's length and JSON, padded with spaces so that the data begin at a multiple of eight. */
function encodeHeader(
  path: string,
  tensors: readonly (readonly [string, HostTensor])[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const keys = Object.keys(metadata).sort();
  let offset = 0;
  // Entries are joined by hand: an object would put names that look like numbers first.
  const entries = [
    ...(keys.length === 0 ? [] : [`"__metadata__":${JSON.stringify(metadata, keys)}`]),
    ...tensors.map(([name, { type, shape, data }]) => {
      const offsets = [offset, offset + data.byteLength];
      offset += data.byteLength;
      return `${JSON.stringify(name)}:${JSON.stringify({ dtype: storedTypeOf(type), shape, data_offsets: offsets })}`;
    }),
  ];
  const json = Buffer.from(`{${entries.join(",")}}`, "utf8");
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > maximumHeaderBytes) {
    throw new CheckpointError({
      where: path,
      found: `${tensors.length} tensors, whose names and shapes take ${padded} bytes`,
      expected: `at most ${maximumHeaderBytes}`,
      fix: "write several files",
    });
  }
  const header = Buffer.alloc(lengthBytes + padded, " ");
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, lengthBytes);
  return header;
}

function* fileParts(
  path: string,
  tensors: readonly (readonly [string, HostTensor])[],
  metadata: Readonly<Record<string, string>>,
): Generator<Uint8Array> {
  yield encodeHeader(path, tensors, metadata);
  for (const [, { data }] of tensors) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * @param path     replaced once everything is written and synced
 * @param tensors  names, each once, with numbers that stay as they are until this returns
 * @param metadata texts beside the tensors; transformers wants `format: "pt"`
 * @throws {CheckpointError} for a name that occurs twice or is reserved; the system's error when the disk is full
 */
export function writeSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const ordered = inStorageOrder(tensors);
  checkNames(path, ordered);
  writeDurably(path, fileParts(path, ordered, metadata));
}
