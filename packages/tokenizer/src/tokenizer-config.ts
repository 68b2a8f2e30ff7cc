/**
 * tokenizer_config.json, as far as conversations need it: the chat template and the names of the tokens that begin and end
 * texts. Pure functions on parsed JSON; `tokenizer-folder.ts` reads and writes the files.
 */
import { TokenizerFormatError, TokenizerInputError } from "./errors.ts";
import { asObject, asString, isObject, type JsonObject, wrong } from "./json-checks.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface TokenizerConfig {
  /** Jinja source; undefined for a model that does not chat. */
  readonly chatTemplate: string | undefined;
  readonly bosToken: string | undefined;
  /** Ends a turn or a text. */
  readonly eosToken: string | undefined;
  readonly padToken: string | undefined;
  readonly unkToken: string | undefined;
}

const where = "tokenizer_config.json";

/**
 * @param json        the parsed file
 * @param templateFile content of chat_template.jinja, where newer transformers keeps the template; it comes first
 * @throws {TokenizerFormatError} naming the field that is wrong
 */
export function readTokenizerConfig(json: unknown, templateFile?: string): TokenizerConfig {
  const object = asObject(json, where);
  return {
    chatTemplate: templateFile ?? readTemplate(object.chat_template),
    bosToken: readToken(object, "bos_token"),
    eosToken: readToken(object, "eos_token"),
    padToken: readToken(object, "pad_token"),
    unkToken: readToken(object, "unk_token"),
  };
}

/** A token is its text, or an object with its text and flags. */
function readToken(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  if (value === undefined || value === null) return undefined;
  return isObject(value) ? asString(value.content, `${where} ${field}.content`) : asString(value, `${where} ${field}`);
}

/** One template, or several with names, of which "default" is for plain conversations. */
function readTemplate(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  const named = Array.isArray(value) ? value.filter(isObject) : [];
  const chosen = named.find(({ name }) => name === "default");
  if (typeof chosen?.template !== "string") {
    throw wrong(`${where} chat_template`, value, 'a text, or a list of templates with one named "default"');
  }
  return chosen.template;
}

/** The configuration as variables of a chat template: bos_token and the like; undefined ones are left out. */
export function templateVariables(config: TokenizerConfig): Record<string, string> {
  const tokens = {
    bos_token: config.bosToken,
    eos_token: config.eosToken,
    pad_token: config.padToken,
    unk_token: config.unkToken,
  };
  return Object.fromEntries(
    Object.entries(tokens).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** What a tokenizer of ours ends its turns and fills its batches with. */
export function defaultTokenizerConfig(tokenizer: Tokenizer, chatTemplate?: string): TokenizerConfig {
  const firstKnown = (...contents: string[]) => contents.find((content) => tokenizer.specialTokens.has(content));
  return {
    chatTemplate,
    bosToken: undefined,
    eosToken: firstKnown("<|im_end|>", "<|endoftext|>"),
    padToken: firstKnown("<|endoftext|>"),
    unkToken: undefined,
  };
}

/**
 * The configuration as the object of tokenizer_config.json, for transformers' AutoTokenizer.
 *
 * @throws {TokenizerInputError} if a named token is not in the tokenizer
 */
export function writeTokenizerConfig(
  config: TokenizerConfig,
  tokenizer: Tokenizer,
  modelMaxLength?: number,
): Record<string, unknown> {
  for (const token of Object.values(templateVariables(config))) {
    if (tokenizer.idOf(token) !== undefined) continue;
    throw new TokenizerInputError({
      where,
      found: `the token ${JSON.stringify(token)}`,
      expected: "tokens of this tokenizer",
      fix: "name tokens that tokenizer.json has",
    });
  }
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    ...templateVariables(config),
    ...(modelMaxLength !== undefined && { model_max_length: modelMaxLength }),
    clean_up_tokenization_spaces: false,
    ...(config.chatTemplate !== undefined && { chat_template: config.chatTemplate }),
  };
}

/** @throws {TokenizerFormatError} if the text is not JSON */
export function parseConfigJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TokenizerFormatError(
      {
        where: file,
        found: error instanceof Error ? error.message : String(error),
        expected: "JSON",
        fix: "download the file again",
      },
      { cause: error },
    );
  }
}
