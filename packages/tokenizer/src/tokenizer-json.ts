/**
 * tokenizer.json of Hugging Face `tokenizers`, read into a checked definition and written back. Only byte-level BPE; any
 * other model is refused by name.
 */
import type { AddedToken } from "./added-tokens.ts";
import { bytesOfAlphabetText } from "./byte-alphabet.ts";
import { quote, TokenizerFormatError, UnsupportedTokenizerError } from "./errors.ts";
import { asArray, asBoolean, asId, asObject, asString, isObject, type JsonObject, wrong } from "./json-checks.ts";

/** Everything that tokenizer.json says about turning text into ids. */
export interface TokenizerDefinition {
  /** Parsed JSON of these parts, kept as it was for writing. */
  readonly normalizer: unknown;
  readonly preTokenizer: unknown;
  readonly postProcessor: unknown;
  readonly decoder: unknown;
  /** Vocabulary of the byte pairs, in the byte alphabet: "Ġthe" → 262. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Token ids of each merge in order of rank. */
  readonly mergeLefts: Int32Array;
  readonly mergeRights: Int32Array;
  readonly mergeResults: Int32Array;
  /** A word that is a token itself is not merged from its bytes (Llama 3). */
  readonly ignoresMerges: boolean;
  readonly unknownToken: string | undefined;
  readonly addedTokens: readonly AddedToken[];
}

/** Twelve times Llama 3's file. */
const LONGEST_JSON = 200_000_000;
const DEEPEST_JSON = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/**
 * @throws {TokenizerFormatError} naming the first field that is wrong
 * @throws {UnsupportedTokenizerError} naming the feature that is not supported
 */
export function parseTokenizerJson(text: string): TokenizerDefinition {
  if (text.length > LONGEST_JSON) {
    throw new TokenizerFormatError({
      where: "tokenizer.json",
      found: `${text.length} characters`,
      expected: `at most ${LONGEST_JSON}`,
      fix: "check that the file is a tokenizer",
    });
  }
  checkDepth(text);
  const root = asObject(parseJson(text), "tokenizer.json");
  const model = asObject(root.model, "tokenizer.json model");
  checkModel(model);
  const vocabulary = readVocabulary(model.vocab);
  const addedTokens = readAddedTokens(root.added_tokens, vocabulary);
  checkDecoder(root.decoder);
  return {
    normalizer: root.normalizer ?? null,
    preTokenizer: root.pre_tokenizer ?? null,
    postProcessor: root.post_processor ?? null,
    decoder: root.decoder ?? null,
    vocabulary,
    ...readMerges(model.merges, vocabulary),
    ignoresMerges: asBoolean(model.ignore_merges, "tokenizer.json model.ignore_merges", false),
    unknownToken: readUnknownToken(model.unk_token, vocabulary),
    addedTokens,
  };
}

/** Deep nesting would overflow the stack of whoever walks it. */
function checkDepth(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      for (i++; i < text.length && text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
    } else if (code === OPENING_BRACE || code === OPENING_BRACKET) depth++;
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) depth--;
    if (depth <= DEEPEST_JSON) continue;
    throw new TokenizerFormatError({
      where: "tokenizer.json",
      found: `values nested deeper than ${DEEPEST_JSON}`,
      expected: "the shallow structure of a tokenizer",
      fix: "check that the file is a tokenizer",
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TokenizerFormatError(
      {
        where: "tokenizer.json",
        found: error instanceof Error ? error.message : String(error),
        expected: "JSON",
        fix: "download the file again; a file of a few hundred bytes that begins with “version https://git-lfs” is a pointer to it",
      },
      { cause: error },
    );
  }
}

function checkModel(model: JsonObject): void {
  const where = "tokenizer.json model";
  const type = model.type ?? (Array.isArray(model.merges) ? "BPE" : undefined);
  const refuse = (found: string, expected: string) => {
    throw new UnsupportedTokenizerError({
      where,
      found,
      expected,
      fix: "use a byte-level BPE tokenizer such as GPT-2's, Llama 3's, Qwen's or SmolLM2's",
    });
  };
  if (type !== "BPE") refuse(`the model type ${quote(type)}`, "BPE");
  if (model.byte_fallback === true) refuse("byte_fallback", "bytes in the vocabulary's alphabet");
  if (typeof model.dropout === "number" && model.dropout > 0) refuse(`dropout ${model.dropout}`, "none");
  for (const affix of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if (typeof model[affix] === "string" && model[affix] !== "") refuse(`${affix} ${quote(model[affix])}`, "none");
  }
}

function checkDecoder(decoder: unknown): void {
  if (decoder === null || decoder === undefined) return;
  const where = "tokenizer.json decoder";
  const { type, decoders } = asObject(decoder, where);
  const types =
    type === "Sequence" && Array.isArray(decoders) ? decoders.map((d) => (isObject(d) ? d.type : d)) : [type];
  if (types.length !== 1 || types[0] !== "ByteLevel") {
    throw new UnsupportedTokenizerError({
      where,
      found: `the decoder ${quote(types)}`,
      expected: "ByteLevel",
      fix: "use a byte-level BPE tokenizer such as GPT-2's, Llama 3's, Qwen's or SmolLM2's",
    });
  }
}

function readVocabulary(value: unknown): Map<string, number> {
  const where = "tokenizer.json model.vocab";
  const vocabulary = new Map<string, number>();
  const tokenOfId = new Map<number, string>();
  for (const [token, idValue] of Object.entries(asObject(value, where))) {
    const id = asId(idValue, `${where}[${quote(token)}]`);
    const other = tokenOfId.get(id);
    if (other !== undefined) throw wrong(where, id, `one token for each id, not ${quote(other)} and ${quote(token)}`);
    tokenOfId.set(id, token);
    vocabulary.set(token, id);
  }
  if (vocabulary.size === 0) throw wrong(where, value, "at least the tokens of single bytes");
  return vocabulary;
}

/** Merges come as "a b" strings or, since 2024, as ["a", "b"] pairs. */
function readMerges(value: unknown, vocabulary: ReadonlyMap<string, number>) {
  const field = "tokenizer.json model.merges";
  const merges = asArray(value, field);
  const mergeLefts = new Int32Array(merges.length);
  const mergeRights = new Int32Array(merges.length);
  const mergeResults = new Int32Array(merges.length);
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank];
    const pair = typeof merge === "string" ? merge.split(" ") : merge;
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string" || typeof pair[1] !== "string") {
      throw wrong(`${field}[${rank}]`, merge, 'two tokens, as "a b" or ["a", "b"]');
    }
    const idOf = (token: string): number => {
      const id = vocabulary.get(token);
      if (id === undefined)
        throw wrong(`${field}[${rank}]`, merge, `tokens of the vocabulary; ${quote(token)} is none`);
      return id;
    };
    if (pair[0] === "" || pair[1] === "") throw wrong(`${field}[${rank}]`, merge, "two tokens that are not empty");
    mergeLefts[rank] = idOf(pair[0]);
    mergeRights[rank] = idOf(pair[1]);
    mergeResults[rank] = idOf(pair[0] + pair[1]);
  }
  return { mergeLefts, mergeRights, mergeResults };
}

function readUnknownToken(value: unknown, vocabulary: ReadonlyMap<string, number>): string | undefined {
  if (value === null || value === undefined) return undefined;
  const token = asString(value, "tokenizer.json model.unk_token");
  if (token === "") return undefined;
  if (!vocabulary.has(token)) throw wrong("tokenizer.json model.unk_token", token, "a token of the vocabulary");
  return token;
}

function readAddedTokens(value: unknown, vocabulary: ReadonlyMap<string, number>): AddedToken[] {
  const field = "tokenizer.json added_tokens";
  if (value === null || value === undefined) return [];
  const tokenOfId = new Map<number, string>(Array.from(vocabulary, ([token, id]) => [id, token]));
  const seen = new Set<string>();
  return asArray(value, field).map((entry, i) => {
    const where = `${field}[${i}]`;
    const object = asObject(entry, where);
    const id = asId(object.id, `${where}.id`);
    const content = asString(object.content, `${where}.content`);
    if (content === "") throw wrong(`${where}.content`, content, "a text that is not empty");
    if (seen.has(content)) throw wrong(`${where}.content`, content, "each content once");
    seen.add(content);
    const inVocabulary = vocabulary.get(content);
    const other = tokenOfId.get(id);
    // An added token may also be listed in the vocabulary, but then under the same id.
    if (inVocabulary !== undefined ? inVocabulary !== id : other !== undefined && other !== content) {
      throw wrong(where, entry, `an id that no other token has; ${quote(other ?? content)} has ${inVocabulary ?? id}`);
    }
    tokenOfId.set(id, content);
    const flag = (name: string, absent: boolean) => asBoolean(object[name], `${where}.${name}`, absent);
    const special = flag("special", false);
    return {
      id,
      content,
      special,
      normalized: flag("normalized", !special),
      lstrip: flag("lstrip", false),
      rstrip: flag("rstrip", false),
      singleWord: flag("single_word", false),
    };
  });
}

/** The definition as tokenizer.json, readable by Hugging Face `tokenizers` ≥ 0.20; equal definitions give equal text. */
export function writeTokenizerJson(definition: TokenizerDefinition): string {
  const byId = [...definition.vocabulary].sort(([, a], [, b]) => a - b);
  const tokenOfId = new Map(byId.map(([token, id]) => [id, token]));
  const merges = Array.from(definition.mergeLefts, (left, rank) => [
    tokenOfId.get(left)!,
    tokenOfId.get(definition.mergeRights[rank]!)!,
  ]);
  const added = definition.addedTokens.toSorted((a, b) => a.id - b.id);
  const root = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added.map(({ id, content, singleWord, lstrip, rstrip, normalized, special }) => ({
      id,
      content,
      single_word: singleWord,
      lstrip,
      rstrip,
      normalized,
      special,
    })),
    normalizer: definition.normalizer,
    pre_tokenizer: definition.preTokenizer,
    post_processor: definition.postProcessor,
    decoder: definition.decoder,
  };
  const model = {
    type: "BPE",
    dropout: null,
    unk_token: definition.unknownToken ?? null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: definition.ignoresMerges,
  };
  // The vocabulary is written by hand: as a JavaScript object its keys "0" … "9" would come first, not by id.
  const vocab = byId.map(([token, id]) => `      ${JSON.stringify(token)}: ${id}`).join(",\n");
  const pairs = merges.map((pair) => `      ${JSON.stringify(pair)}`).join(",\n");
  const head = JSON.stringify(root, null, 2).slice(0, -2);
  const modelHead = JSON.stringify(model, null, 2).slice(2, -2).replaceAll(/^/gm, "  ");
  return `${head},\n  "model": {\n${modelHead},\n    "vocab": {\n${vocab}\n    },\n    "merges": [\n${pairs}\n    ]\n  }\n}\n`;
}

/** Bytes that a token stands for: through the byte alphabet, or its own UTF-8 where it holds other characters. */
export function bytesOfToken(token: string): Uint8Array {
  return bytesOfAlphabetText(token) ?? new TextEncoder().encode(token);
}
