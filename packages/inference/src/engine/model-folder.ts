/** Reads a model's folder, in Hugging Face's layout or a checkpoint of ours, and checks that its parts belong together. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type DecoderConfig, decoderParameters, loadDecoder } from "@myna/models";
import type { HostTensor } from "@myna/tensor";
import { readTokenizerFolder, type Tokenizer, templateHash, templateVariables } from "@myna/tokenizer";
import { ModelRefusedError } from "../errors.ts";
import { checkVocabularies, createChatCodec } from "./chat-codec.ts";
import type { GenerationOptions, ModelInfo } from "./chat-engine.ts";
import { readGenerationConfig } from "./generation-config.ts";
import type { TextCodec } from "./text-codec.ts";

export interface ModelFolder {
  readonly config: DecoderConfig;
  readonly weights: ReadonlyMap<string, HostTensor>;
  readonly codec: TextCodec;
  readonly info: ModelInfo;
  readonly defaults: GenerationOptions;
}

/**
 * @param id name for people; default from the folder's: "my-model", or "my-run@2000" for a checkpoint of a run
 * @throws {ModelRefusedError} when template, tokenizer and weights do not belong together or cannot be honoured
 * @throws CheckpointError, ConfigError, TokenizerFormatError or UnsupportedTokenizerError for a damaged or foreign file
 */
export function readModelFolder(folder: string, id = modelName(folder)): ModelFolder {
  // Small files first: a model that must be refused is refused before its weights are read.
  const { tokenizer, config: texts } = readTokenizerFolder(folder);
  const generation = readGenerationConfig(readOptionalJson(join(folder, "generation_config.json")));
  const template = texts.chatTemplate;
  const hash = template === undefined ? "" : templateHash(template);
  checkTrainingState(folder, tokenizer, hash);

  const { config, weights } = loadDecoder(folder);
  checkVocabularies(config.vocabulary, tokenizer.vocabularySize);
  const { end, begin } = config.specialTokens;
  const named = texts.eosToken === undefined ? undefined : tokenizer.idOf(texts.eosToken);
  const endTokens = [end ?? [], generation.endTokens, named ?? []].flat();
  const codec = createChatCodec({
    tokenizer,
    template,
    variables: templateVariables(texts),
    endTokens: endTokens.filter((token) => token < tokenizer.vocabularySize),
    beginToken: begin,
  });
  const info: ModelInfo = {
    id,
    folder: resolve(folder),
    architecture: config.architecture,
    parameters: countParameters(config),
    contextLength: config.context,
    createdAt: Math.round(statSync(join(folder, "config.json")).mtimeMs),
    templateHash: hash,
  };
  return { config, weights, codec, info, defaults: generation.defaults };
}

/** A checkpoint lies in RUN/checkpoints/STEP; anything else is called after its folder. */
export function modelName(folder: string): string {
  const path = resolve(folder);
  if (basename(dirname(path)) !== "checkpoints") return basename(path);
  return `${basename(dirname(dirname(path)))}@${basename(path).replace(/^0+(?=\d)/, "")}`;
}

/**
 * A model answers and learns well only with the tokenizer and template it was trained with; a checkpoint of ours says
 * which.
 *
 * @param hash of the template; "" without one
 * @throws {ModelRefusedError} if they are others
 */
export function checkTrainingState(folder: string, tokenizer: Tokenizer, hash: string): void {
  const state = readOptionalJson(join(folder, "state.json"));
  if (typeof state !== "object" || state === null) return;
  const { tokenizerHash: trainedTokenizer, templateHash: trainedTemplate } = state as Record<string, unknown>;
  const differs =
    trainedTokenizer !== undefined && trainedTokenizer !== tokenizer.hash
      ? { part: "tokenizer.json", found: tokenizer.hash, expected: trainedTokenizer }
      : trainedTemplate !== undefined && trainedTemplate !== hash
        ? { part: "chat template", found: hash, expected: trainedTemplate }
        : undefined;
  if (differs === undefined) return;
  throw new ModelRefusedError({
    where: join(folder, differs.part === "tokenizer.json" ? differs.part : "tokenizer_config.json"),
    found: `a ${differs.part} with hash ${differs.found.slice(0, 12) || "of none"}`,
    expected: `${String(differs.expected).slice(0, 12)}…, the one that this checkpoint was trained with`,
    fix: "copy tokenizer.json and tokenizer_config.json from the run that made the checkpoint",
  });
}

function countParameters(config: DecoderConfig): number {
  return decoderParameters(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

const largestJson = 10_000_000;

/** @returns undefined when there is no such file */
function readOptionalJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  const refuse = (found: string, cause?: unknown) =>
    new ModelRefusedError(
      { where: path, found, expected: "a JSON file of at most 10 MB", fix: "download or copy the file again" },
      { cause },
    );
  const status = statSync(path);
  if (!status.isFile() || status.size > largestJson) throw refuse(`${status.size} bytes, or something that is no file`);
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse(`text that is not JSON (${(error as Error).message.slice(0, 80)})`, error);
  }
}
