/** Hugging Face's generation_config.json: the sampling that a model's authors recommend, and the tokens that end it. */
import { InvalidRequestError } from "../errors.ts";
import type { GenerationOptions } from "./chat-engine.ts";
import { resolveOptions } from "./generation-options.ts";

export interface GenerationConfig {
  readonly defaults: GenerationOptions;
  readonly endTokens: readonly number[];
}

const fields = {
  temperature: "temperature",
  top_k: "topK",
  top_p: "topP",
  min_p: "minP",
  repetition_penalty: "repetitionPenalty",
} as const satisfies Record<string, keyof GenerationOptions>;

/**
 * @param value the parsed file; other fields of it are not ours to use
 * @throws {InvalidRequestError} naming the field that is out of its range
 */
export function readGenerationConfig(value: unknown): GenerationConfig {
  const config = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const defaults: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(fields)) {
    // null means "not set".
    if (config[name] !== undefined && config[name] !== null) defaults[option] = config[name];
  }
  try {
    resolveOptions(defaults as GenerationOptions);
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    throw new InvalidRequestError({ ...error.details, where: `generation_config.json ${error.details.where}` });
  }
  return { defaults: defaults as GenerationOptions, endTokens: ends(config) };
}

function ends({ eos_token_id: end }: Readonly<Record<string, unknown>>): number[] {
  return (Array.isArray(end) ? end : [end]).filter((id): id is number => Number.isSafeInteger(id) && id >= 0);
}
