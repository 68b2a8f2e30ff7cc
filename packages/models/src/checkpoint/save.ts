/** Saves a decoder as a folder that transformers, vLLM, llama.cpp's converter and Myna load. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { float32ToBfloat16, float32ToFloat16, type HostTensor, hostTensor } from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { type StoredType, writeDecoderConfig } from "../config/write-config.ts";
import { decoderParameters } from "../decoder/parameters.ts";
import { CheckpointError } from "../errors.ts";
import { writeDurably } from "../files/durable-file.ts";
import { writeSafetensors } from "../safetensors/writer.ts";
import { assignShards, indexFile, isShardName, shardName, singleFile } from "./sharding.ts";

export interface SaveOptions {
  /** What the weights are stored as. Default float32 */
  readonly dtype?: StoredType;
  /** Most bytes of weights in one file; beyond it they are cut into several with an index. Default 5 GB, as transformers 4 */
  readonly maximumShardBytes?: number;
  /** Texts stored beside the weights. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes config.json and the weights, each file synced and then put in place, the configuration last. Weight files of an
 * earlier save are removed. Whoever must never see old and new files together saves into a new folder and renames it.
 *
 * @param weights f32, or already of `dtype`: one for each of decoderParameters(config)
 * @throws {CheckpointError} if a weight is missing or of another shape; the system's error when the disk is full
 */
export function saveDecoder(
  folder: string,
  config: DecoderConfig,
  weights: ReadonlyMap<string, HostTensor>,
  { dtype = "float32", maximumShardBytes = 5e9, metadata = {} }: SaveOptions = {},
): void {
  const tensors = decoderParameters(config).map(({ name, shape }) => {
    const tensor = weights.get(name);
    if (tensor === undefined || tensor.shape.join() !== shape.join()) {
      throw new CheckpointError({
        where: `saving ${folder}`,
        found: tensor === undefined ? `no weight "${name}"` : `"${name}" of shape [${tensor.shape.join(", ")}]`,
        expected: `shape [${shape.join(", ")}]`,
        fix: "save the weights with the configuration that they were made for",
      });
    }
    return [name, convert(name, tensor, dtype)] as const;
  });
  mkdirSync(folder, { recursive: true });
  const texts = { ...metadata, format: "pt" };
  const shards = assignShards(tensors, maximumShardBytes);
  const written = new Set<string>();
  if (shards.length === 1) {
    writeSafetensors(join(folder, singleFile), tensors, texts);
    written.add(singleFile);
  } else {
    const weightMap: Record<string, string> = {};
    shards.forEach((shard, index) => {
      const name = shardName(index, shards.length);
      writeSafetensors(join(folder, name), shard, texts);
      written.add(name);
      for (const [tensor] of shard) weightMap[tensor] = name;
    });
    const bytes = tensors.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
    writeJson(join(folder, indexFile), { metadata: { total_size: bytes }, weight_map: weightMap });
    written.add(indexFile);
  }
  for (const name of readdirSync(folder)) {
    const isWeights = name === singleFile || name === indexFile || isShardName(name);
    if (isWeights && !written.has(name)) rmSync(join(folder, name));
  }
  writeJson(join(folder, "config.json"), writeDecoderConfig(config, dtype));
}

function writeJson(path: string, value: unknown): void {
  writeDurably(path, [Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`, "utf8")]);
}

function convert(name: string, tensor: HostTensor, dtype: StoredType): HostTensor {
  if (tensor.type === dtype) return tensor;
  if (tensor.type !== "float32") {
    throw new CheckpointError({
      where: `saving "${name}"`,
      found: `a ${tensor.type} tensor`,
      expected: `float32 or ${dtype}`,
      fix: "convert it to float32 first",
    });
  }
  const { data } = tensor as HostTensor<"float32">;
  return dtype === "bfloat16"
    ? hostTensor("bfloat16", tensor.shape, float32ToBfloat16(data))
    : hostTensor("float16", tensor.shape, float32ToFloat16(data));
}
