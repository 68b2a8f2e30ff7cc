/** Loads a decoder from a folder in Hugging Face's layout: config.json beside safetensors files. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { HostTensor } from "@myna/tensor";
import type { DecoderConfig } from "../config/decoder-config.ts";
import { parseDecoderConfig } from "../config/parse-config.ts";
import { decoderParameters, type ParameterSpec } from "../decoder/parameters.ts";
import { headName, weightNames } from "../decoder/weight-names.ts";
import { CheckpointError, ConfigError } from "../errors.ts";
import { pathInFolder, readJsonFile } from "../files/open-regular.ts";
import { SafetensorsFile } from "../safetensors/reader.ts";
import { checkpointFormat } from "./format.ts";
import { findWeightFiles } from "./sharding.ts";

const maximumConfigBytes = 10_000_000;
const manifestName = "manifest.json";

export interface LoadOptions {
  /** "float32" widens 16-bit floats; "stored" keeps them. Default "float32" */
  readonly dtype?: "float32" | "stored";
  /** Where each parameter's f32 numbers go, such as an arena; default: arrays of their own. */
  readonly allocate?: (spec: ParameterSpec) => Float32Array<ArrayBuffer>;
}

export interface LoadedDecoder {
  readonly config: DecoderConfig;
  /** By the names and in the order of decoderParameters(config). */
  readonly weights: Map<string, HostTensor>;
  /** Texts that whoever saved the weights put beside them. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** @throws {CheckpointError | ConfigError} if config.json is missing, damaged or unsupported, or the format is newer */
export function loadDecoderConfig(folder: string): DecoderConfig {
  refuseNewerFormat(folder);
  const path = pathInFolder(folder, "config.json");
  try {
    return parseDecoderConfig(readJsonFile(path, maximumConfigBytes));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { where } = error.details;
    const place = where.startsWith("config.json") ? path + where.slice("config.json".length) : `${path}, ${where}`;
    throw new ConfigError({ ...error.details, where: place }, { cause: error });
  }
}

/** A training checkpoint says its format in manifest.json; a folder without one has none. */
function refuseNewerFormat(folder: string): void {
  if (!existsSync(join(folder, manifestName))) return;
  const manifest = readJsonFile(pathInFolder(folder, manifestName), maximumConfigBytes);
  const format = (manifest as { format?: unknown } | null)?.format;
  if (typeof format !== "number" || format <= checkpointFormat) return;
  throw new CheckpointError({
    where: join(folder, manifestName),
    found: `checkpoint format ${format}`,
    expected: `at most ${checkpointFormat}`,
    fix: "update Myna",
  });
}

/**
 * Reads each tensor into memory once. Names are accepted with or without the prefix of the bare model ("model.",
 * "transformer."), as both are published; masks and frequencies that old checkpoints carry are skipped.
 *
 * @throws {CheckpointError} if files are missing, damaged or lead out of the folder, or tensors are missing, left over
 *   or of another shape than the configuration says
 */
export function loadDecoder(folder: string, options: LoadOptions = {}): LoadedDecoder {
  const config = loadDecoderConfig(folder);
  const { files, fileOf } = findWeightFiles(folder);
  const open: SafetensorsFile[] = [];
  try {
    for (const path of files) open.push(new SafetensorsFile(path));
    const fileByName = locateTensors(open, fileOf);
    const specs = decoderParameters(config);
    const storedNames = matchNames(config, specs, new Set(fileByName.keys()), folder);
    const weights = new Map<string, HostTensor>();
    // Shapes are compared before anything is read, so that a wrong checkpoint fails at once.
    for (const spec of specs) checkShape(spec, storedNames.get(spec.name)!, fileByName);
    for (const spec of specs) {
      const name = storedNames.get(spec.name)!;
      const file = fileByName.get(name)!;
      const isStored = options.dtype === "stored";
      weights.set(spec.name, isStored ? file.read(name) : file.readFloat32(name, options.allocate?.(spec)));
    }
    return { config, weights, metadata: open[0]?.metadata ?? new Map() };
  } finally {
    for (const file of open) file.close();
  }
}

function locateTensors(
  files: readonly SafetensorsFile[],
  fileOf: ReadonlyMap<string, string> | undefined,
): Map<string, SafetensorsFile> {
  const byName = new Map<string, SafetensorsFile>();
  for (const file of files) {
    for (const name of file.tensors.keys()) {
      if (fileOf === undefined || fileOf.get(name) === file.path) byName.set(name, file);
    }
  }
  return byName;
}

/** What each parameter is called in the files. */
function matchNames(
  config: DecoderConfig,
  specs: readonly ParameterSpec[],
  stored: ReadonlySet<string>,
  where: string,
): Map<string, string> {
  const { prefix, head } = weightNames(config);
  const matched = new Map<string, string>();
  const missing: string[] = [];
  for (const { name } of specs) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const found = stored.has(name) ? name : stored.has(bare) ? bare : undefined;
    if (found === undefined) missing.push(name);
    else matched.set(name, found);
  }
  const used = new Set(matched.values());
  const isHarmless = (name: string) =>
    /(^|\.)(attn\.(bias|masked_bias)|rotary_emb\.inv_freq)$/.test(name) || (config.isTied && name === `${head}.weight`);
  const extra = [...stored].filter((name) => !used.has(name) && !isHarmless(name));
  if (missing.length === 0 && extra.length === 0) return matched;
  throw new CheckpointError({
    where,
    found: [
      ...(missing.length > 0 ? [`no ${listNames(missing)}`] : []),
      ...(extra.length > 0 ? [`${listNames(extra)} left over`] : []),
    ].join(" and "),
    expected: `the ${specs.length} tensors of a ${config.architecture} with ${config.layers} layers`,
    fix: missing.includes(headName(config))
      ? "set tie_word_embeddings to true in config.json if the model has no head of its own"
      : "use the config.json that belongs to these weights",
  });
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}…` : name));
  return names.length > 3 ? `${shown.join(", ")} and ${names.length - 3} more` : shown.join(", ");
}

function checkShape(spec: ParameterSpec, storedName: string, files: ReadonlyMap<string, SafetensorsFile>): void {
  const file = files.get(storedName)!;
  const { shape } = file.tensors.get(storedName)!;
  if (shape.length === spec.shape.length && shape.every((size, axis) => size === spec.shape[axis])) return;
  throw new CheckpointError({
    where: `${file.path}, tensor "${storedName}"`,
    found: `shape [${shape.join(", ")}]`,
    expected: `[${spec.shape.join(", ")}], as config.json says`,
    fix: "use the config.json that belongs to these weights",
  });
}
