/** A tokenizer in a model's folder: tokenizer.json, tokenizer_config.json and, if there, chat_template.jinja. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, sep } from "node:path";
import { TokenizerFormatError } from "./errors.ts";
import { Tokenizer } from "./tokenizer.ts";
import {
  defaultTokenizerConfig,
  parseConfigJson,
  readTokenizerConfig,
  type TokenizerConfig,
  writeTokenizerConfig,
} from "./tokenizer-config.ts";

export interface TokenizerFolder {
  readonly tokenizer: Tokenizer;
  readonly config: TokenizerConfig;
}

const LARGEST_FILE = 200_000_000;

/**
 * @throws {TokenizerFormatError} if tokenizer.json is missing, leads out of the folder, is larger than 200 MB, or is malformed
 * @throws {UnsupportedTokenizerError} for a tokenizer that is not byte-level BPE
 */
export function readTokenizerFolder(folder: string): TokenizerFolder {
  const tokenizer = Tokenizer.fromJson(readInside(folder, "tokenizer.json"));
  const template = has(folder, "chat_template.jinja") ? readInside(folder, "chat_template.jinja") : undefined;
  if (!has(folder, "tokenizer_config.json")) {
    return { tokenizer, config: defaultTokenizerConfig(tokenizer, template) };
  }
  const json = parseConfigJson(readInside(folder, "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
  return { tokenizer, config: readTokenizerConfig(json, template) };
}

export interface WriteTokenizerFolderOptions {
  readonly tokenizer: Tokenizer;
  /** Jinja source; ignored if `config` is given. */
  readonly chatTemplate?: string;
  /** Default: <|im_end|> ends, <|endoftext|> pads. */
  readonly config?: TokenizerConfig;
  /** The model's context in tokens, for transformers. */
  readonly modelMaxLength?: number;
}

/** Writes tokenizer.json and tokenizer_config.json; each appears whole or not at all. Makes the folder if it is missing. */
export function writeTokenizerFolder(folder: string, options: WriteTokenizerFolderOptions): void {
  const { tokenizer, chatTemplate, modelMaxLength } = options;
  const config = options.config ?? defaultTokenizerConfig(tokenizer, chatTemplate);
  const configJson = writeTokenizerConfig(config, tokenizer, modelMaxLength);
  mkdirSync(folder, { recursive: true });
  writeWhole(join(folder, "tokenizer.json"), tokenizer.toJson());
  writeWhole(join(folder, "tokenizer_config.json"), `${JSON.stringify(configJson, null, 2)}\n`);
}

function has(folder: string, name: string): boolean {
  return existsSync(join(folder, name));
}

function writeWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A model from a stranger must not read files elsewhere through a link. */
function readInside(folder: string, name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) throw refused(path, "no such file", "a file", "name the folder of a model or a tokenizer");
  const real = realpathSync(path);
  if (!real.startsWith(realpathSync(folder) + sep)) {
    throw refused(path, `a link to ${real}`, "a file inside of its folder", "copy the file into the folder");
  }
  const stat = statSync(real);
  if (!stat.isFile()) throw refused(path, "something that is no file", "a file", "replace it by the file");
  if (stat.size > LARGEST_FILE) {
    throw refused(path, `${stat.size} bytes`, `at most ${LARGEST_FILE}`, "check that the file is what its name says");
  }
  const bytes = readFileSync(real);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw refused(path, "bytes that are not UTF-8", "UTF-8 text", "download the file again", error);
  }
}

function refused(where: string, found: string, expected: string, fix: string, cause?: unknown): TokenizerFormatError {
  return new TokenizerFormatError({ where, found, expected, fix }, { cause });
}
