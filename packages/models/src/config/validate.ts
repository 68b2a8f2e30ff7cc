/** Whether the fields of a configuration fit together. Every way of making one ends here. */
import { ConfigError } from "../errors.ts";
import { architectures } from "./architectures.ts";
import type { DecoderConfig } from "./decoder-config.ts";

function refuse(found: string, expected: string, fix: string): never {
  throw new ConfigError({ where: "decoder configuration", found, expected, fix });
}

function divisors(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter((divisor) => count % divisor === 0);
}

/** Most layers, heads, channels and positions that any size may have: beyond them a number is a mistake or an attack. */
const largestSize = 2 ** 24;

/**
 * @returns the configuration itself
 * @throws {ConfigError} naming the first field that does not fit
 */
export function validateDecoderConfig(config: DecoderConfig): DecoderConfig {
  const { width, heads, kvHeads, headDim } = config;
  for (const field of ["vocabulary", "width", "layers", "heads", "kvHeads", "mlpWidth", "context"] as const) {
    const size = config[field];
    if (!Number.isSafeInteger(size) || size < 1 || size > largestSize) {
      refuse(`${field} ${size}`, `a whole number from 1 to ${largestSize}`, `set ${field} to a positive whole number`);
    }
  }
  if (heads > width) {
    refuse(`${heads} heads in a width of ${width}`, "at most one head per channel", `use at most ${width} heads`);
  }
  if (heads % kvHeads !== 0) {
    refuse(
      `${heads} query heads and ${kvHeads} key/value heads`,
      "query heads divisible by key/value heads",
      `set kvHeads to ${divisors(heads).join(", ")}`,
    );
  }
  if (!Number.isInteger(headDim)) {
    refuse(
      `a width of ${width} over ${heads} heads`,
      "a whole number of channels for each head",
      `use a width that is a multiple of ${heads}, another number of heads, or headDim in the configuration`,
    );
  }
  if (headDim < 1 || headDim > largestSize) {
    refuse(`headDim ${headDim}`, `a whole number from 1 to ${largestSize}`, "set headDim to 64 or 128");
  }
  checkAgainstArchitecture(config);
  checkNumbers(config);
  return config;
}

/** Only what config.json can say: a combination that no architecture has could not be written. */
function checkAgainstArchitecture(config: DecoderConfig): void {
  const { architecture, mlp, positions, headDim, heads, kvHeads, width, biases } = config;
  const facts = architectures[architecture];
  const { defaults, mlpKinds } = facts;
  if (!mlpKinds.includes(mlp)) {
    refuse(`mlp ${mlp} in ${architecture}`, mlpKinds.join(" or "), `set mlp to ${mlpKinds[0]}`);
  }
  for (const [what, found, expected] of [
    ["norm", config.norm.kind, defaults.norm.kind],
    ["positions", positions.kind, defaults.positions.kind],
    ["hasQueryKeyNorm", config.hasQueryKeyNorm, defaults.hasQueryKeyNorm],
  ] as const) {
    if (found !== expected) {
      refuse(`${what} ${found} in ${architecture}`, `${what} ${expected}`, "choose the architecture that has it");
    }
  }
  if (positions.kind === "rotary" && headDim % 2 !== 0) {
    refuse(`headDim ${headDim} with rotary positions`, "an even number", `use ${headDim + 1}`);
  }
  if (architecture === "gpt2" && (heads !== kvHeads || heads * headDim !== width)) {
    refuse(
      `${heads} heads, ${kvHeads} key/value heads of ${headDim} channels in a width of ${width}`,
      "gpt2 to have as many key/value heads as heads, which fill the width",
      "leave kvHeads and headDim out, or use qwen3",
    );
  }
  const canBias = {
    gpt2: biases.queryKeyValue && biases.attentionOutput && biases.mlp,
    qwen2: biases.queryKeyValue && !biases.attentionOutput && !biases.mlp,
    llama: biases.queryKeyValue === biases.attentionOutput,
    qwen3: biases.queryKeyValue === biases.attentionOutput && !biases.mlp,
  }[architecture];
  if (!canBias) {
    refuse(
      `biases ${JSON.stringify(biases)} in ${architecture}`,
      `a combination it has, such as ${JSON.stringify(defaults.biases)}`,
      "leave biases out",
    );
  }
}

function checkNumbers({ norm, positions, initialiserRange, specialTokens, vocabulary }: DecoderConfig): void {
  const scaling = positions.kind === "rotary" ? positions.scaling : undefined;
  const positive: Record<string, number | undefined> = {
    "norm epsilon": norm.epsilon,
    initialiserRange,
    "rotary theta": positions.kind === "rotary" ? positions.theta : undefined,
    "rotary scaling factor": scaling?.factor,
    ...(scaling?.kind === "llama3" && {
      lowFrequencyFactor: scaling.lowFrequencyFactor,
      highFrequencyFactor: scaling.highFrequencyFactor,
      originalContext: scaling.originalContext,
    }),
  };
  for (const [name, value] of Object.entries(positive)) {
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
      refuse(`${name} ${value}`, "a positive number", `correct ${name}`);
    }
  }
  if (scaling?.kind === "llama3" && scaling.lowFrequencyFactor >= scaling.highFrequencyFactor) {
    refuse(
      `lowFrequencyFactor ${scaling.lowFrequencyFactor} and highFrequencyFactor ${scaling.highFrequencyFactor}`,
      "the low one below the high one",
      "use 1 and 4, as Llama 3.1 does",
    );
  }
  const { begin, end, padding } = specialTokens;
  for (const [name, id] of [
    ["begin", begin],
    ["padding", padding],
    ...(typeof end === "object" ? end : [end]).map((id) => ["end", id] as const),
  ] as const) {
    // Published models have ids beyond their embedding (GPT-2 small ones made by hand, pads of -1), but never use them.
    if (id !== undefined && !Number.isSafeInteger(id)) {
      refuse(`${name} token ${id}`, `a token id below ${vocabulary}`, `correct the ${name} token`);
    }
  }
}

/**
 * @param time tokens of the longest sequence
 * @throws {ConfigError} if the model has no positions for them
 */
export function checkContext(config: DecoderConfig, time: number): void {
  if (time <= config.context) return;
  throw new ConfigError({
    where: "decoder",
    found: `sequences of ${time} tokens`,
    expected: `at most ${config.context}, the positions the model has`,
    fix: `use a context of ${config.context} or less, or a model with more positions`,
  });
}
