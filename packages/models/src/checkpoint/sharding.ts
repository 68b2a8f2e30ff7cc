/** Which file of a checkpoint holds which tensor: one file, or several and an index, as Hugging Face writes them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HostTensor } from "@myna/tensor";
import { describeJson, isJsonObject } from "../config/json-fields.ts";
import { CheckpointError } from "../errors.ts";
import { pathInFolder, readJsonFile } from "../files/open-regular.ts";

export const singleFile = "model.safetensors";
export const indexFile = "model.safetensors.index.json";
const maximumIndexBytes = 100_000_000;
const maximumShards = 10_000;

export function shardName(index: number, count: number): string {
  const digits = (value: number) => String(value).padStart(5, "0");
  return `model-${digits(index + 1)}-of-${digits(count)}.safetensors`;
}

export const isShardName = (name: string): boolean => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name);

/**
 * The weight files of a folder, and with an index which tensor each should hold. One file goes before an index, as in
 * transformers.
 *
 * @throws {CheckpointError} if there are none, or the index is damaged
 */
export function findWeightFiles(folder: string): { files: string[]; fileOf?: ReadonlyMap<string, string> } {
  if (existsSync(join(folder, singleFile))) return { files: [pathInFolder(folder, singleFile)] };
  if (!existsSync(join(folder, indexFile))) {
    throw new CheckpointError({
      where: folder,
      found: `neither ${singleFile} nor ${indexFile}`,
      expected: "the weights of a model",
      fix: "name the folder that holds config.json and the safetensors files",
    });
  }
  const path = pathInFolder(folder, indexFile);
  const index = readJsonFile(path, maximumIndexBytes);
  const map = isJsonObject(index) ? index.weight_map : undefined;
  if (!isJsonObject(map)) {
    throw new CheckpointError({
      where: path,
      found: `weight_map = ${describeJson(map)}`,
      expected: "an object from tensor names to file names",
      fix: "download or copy the file again",
    });
  }
  const paths = new Map<unknown, string>();
  const fileOf = new Map<string, string>();
  for (const [tensor, name] of Object.entries(map)) {
    let real = paths.get(name);
    if (real === undefined) {
      if (typeof name !== "string" || paths.size >= maximumShards) {
        throw new CheckpointError({
          where: path,
          found: `${describeJson(tensor)} in ${describeJson(name)}`,
          expected: `one of at most ${maximumShards} file names`,
          fix: "download or copy the file again",
        });
      }
      real = pathInFolder(folder, name);
      paths.set(name, real);
    }
    fileOf.set(tensor, real);
  }
  return { files: [...new Set(paths.values())], fileOf };
}

/**
 * Cuts tensors into files of at most `maximumBytes` of data, in the order given; a larger tensor has a file of its own.
 */
export function assignShards(
  tensors: readonly (readonly [string, HostTensor])[],
  maximumBytes: number,
): (readonly [string, HostTensor])[][] {
  const shards: (readonly [string, HostTensor])[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of tensors) {
    const size = entry[1].data.byteLength;
    if (bytes + size > maximumBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(entry);
    bytes += size;
  }
  return shards;
}
