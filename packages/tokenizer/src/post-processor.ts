/** The `post_processor` of tokenizer.json, as far as it adds tokens around one text: <|begin_of_text|>, <s>, [CLS]. */
import { UnsupportedTokenizerError } from "./errors.ts";
import { asArray, asId, asObject, asString, isObject, wrong } from "./json-checks.ts";

export interface SurroundingIds {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

const nothing: SurroundingIds = { prefix: [], suffix: [] };
const DEEPEST_SEQUENCE = 8;

/** @throws {UnsupportedTokenizerError} naming a type other than TemplateProcessing, ByteLevel, RobertaProcessing, BertProcessing, Sequence */
export function readPostProcessor(config: unknown, where = "tokenizer.json post_processor", depth = 0): SurroundingIds {
  if (config === null || config === undefined) return nothing;
  const object = asObject(config, where);
  const type = asString(object.type, `${where}.type`);
  // ByteLevel only moves offsets, which are not kept here.
  if (type === "ByteLevel") return nothing;
  if (type === "TemplateProcessing") return readTemplate(object, where);
  if (type === "RobertaProcessing" || type === "BertProcessing") {
    const idOf = (key: "cls" | "sep") => asId(asArray(object[key], `${where}.${key}`)[1], `${where}.${key}[1]`);
    return { prefix: [idOf("cls")], suffix: [idOf("sep")] };
  }
  if (type === "Sequence" && depth < DEEPEST_SEQUENCE) {
    return asArray(object.processors, `${where}.processors`)
      .map((step, i) => readPostProcessor(step, `${where}.processors[${i}]`, depth + 1))
      .reduce(
        (inner, outer) => ({
          prefix: [...outer.prefix, ...inner.prefix],
          suffix: [...inner.suffix, ...outer.suffix],
        }),
        nothing,
      );
  }
  throw new UnsupportedTokenizerError({
    where,
    found: `the post-processor ${type}`,
    expected: "TemplateProcessing, ByteLevel, RobertaProcessing, BertProcessing or a Sequence of them",
    fix: "use a byte-level BPE tokenizer such as GPT-2's, Llama 3's, Qwen's or SmolLM2's",
  });
}

function readTemplate(object: Record<string, unknown>, where: string): SurroundingIds {
  const prefix: number[] = [];
  const suffix: number[] = [];
  let isPastText = false;
  asArray(object.single, `${where}.single`).forEach((piece, i) => {
    const field = `${where}.single[${i}]`;
    const { SpecialToken, Sequence } = asObject(piece, field);
    if (isObject(Sequence)) {
      isPastText = true;
      return;
    }
    const name = asString(asObject(SpecialToken, field).id, `${field}.SpecialToken.id`);
    const tokens = asObject(object.special_tokens, `${where}.special_tokens`);
    if (!Object.hasOwn(tokens, name))
      throw wrong(`${where}.special_tokens`, Object.keys(tokens), `an entry for ${name}`);
    const entry = `${where}.special_tokens["${name}"]`;
    const ids = asArray(asObject(tokens[name], entry).ids, `${entry}.ids`).map((id) => asId(id, `${entry}.ids`));
    (isPastText ? suffix : prefix).push(...ids);
  });
  return { prefix, suffix };
}
