/** The `normalizer` of tokenizer.json: what happens to text before anything looks at it. */
import { UnsupportedTokenizerError } from "./errors.ts";
import { asArray, asObject, asString } from "./json-checks.ts";
import { convertPattern, literalPattern } from "./oniguruma.ts";

export type Normalizer = (text: string) => string;

const DEEPEST_SEQUENCE = 8;
const unicodeForms = { NFC: "NFC", NFD: "NFD", NFKC: "NFKC", NFKD: "NFKD" } as const;

/**
 * @param config the parsed `normalizer`, null for none
 * @returns undefined if text stays as it is
 * @throws {UnsupportedTokenizerError} naming a type other than NFC, NFD, NFKC, NFKD, Lowercase, Replace, Sequence
 */
export function readNormalizer(
  config: unknown,
  where = "tokenizer.json normalizer",
  depth = 0,
): Normalizer | undefined {
  if (config === null || config === undefined) return undefined;
  const object = asObject(config, where);
  const type = asString(object.type, `${where}.type`);
  if (type in unicodeForms) {
    const form = unicodeForms[type as keyof typeof unicodeForms];
    return (text) => text.normalize(form);
  }
  if (type === "Lowercase") return (text) => text.toLowerCase();
  if (type === "Replace") return readReplace(object, where);
  if (type === "Sequence" && depth < DEEPEST_SEQUENCE) {
    const steps = asArray(object.normalizers, `${where}.normalizers`)
      .map((step, i) => readNormalizer(step, `${where}.normalizers[${i}]`, depth + 1))
      .filter((step) => step !== undefined);
    return steps.length === 0 ? undefined : (text) => steps.reduce((current, step) => step(current), text);
  }
  throw new UnsupportedTokenizerError({
    where,
    found: `the normaliser ${type}`,
    expected: "NFC, NFD, NFKC, NFKD, Lowercase, Replace or a Sequence of them",
    fix: "use a byte-level BPE tokenizer such as GPT-2's, Llama 3's, Qwen's or SmolLM2's",
  });
}

function readReplace(object: Record<string, unknown>, where: string): Normalizer {
  const content = asString(object.content, `${where}.content`);
  const source = patternSource(object.pattern, `${where}.pattern`);
  const pattern = new RegExp(source, "gv");
  return (text) => text.replace(pattern, () => content);
}

/** {"String": …} or {"Regex": …} as JavaScript pattern source for the flag "v". */
export function patternSource(config: unknown, where: string): string {
  const object = asObject(config, where);
  if (object.String !== undefined) return literalPattern(asString(object.String, `${where}.String`));
  return convertPattern(asString(object.Regex, `${where}.Regex`), `${where}.Regex`);
}
