/** Checks of generation options and their defaults. Leaves what they mean to the sampler and the stop rules. */
import { InvalidRequestError } from "../errors.ts";
import { freshSeed } from "../sampling/random.ts";
import type { ChatMessage, GenerationOptions } from "./chat-engine.ts";

/** Options with every default filled in; absent values that have no default stay undefined. */
export interface ResolvedOptions {
  readonly maxTokens: number | undefined;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly logProbabilities: number | undefined;
  readonly logitBias: ReadonlyMap<number, number>;
}

export const defaultSampling = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 } as const;

interface Range {
  readonly least: number;
  readonly most: number;
  readonly isWhole?: boolean;
  /** The least value itself is refused. */
  readonly isOpen?: boolean;
}

const ranges = {
  maxTokens: { least: 1, most: Number.MAX_SAFE_INTEGER, isWhole: true },
  temperature: { least: 0, most: 10 },
  topK: { least: 0, most: Number.MAX_SAFE_INTEGER, isWhole: true },
  topP: { least: 0, most: 1, isOpen: true },
  minP: { least: 0, most: 1 },
  repetitionPenalty: { least: 0, most: 10, isOpen: true },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, isWhole: true },
  logProbabilities: { least: 0, most: 20, isWhole: true },
} as const satisfies Partial<Record<keyof GenerationOptions, Range>>;

const mostStopTexts = 16;
const longestStopText = 256;
const strongestBias = 100;

/**
 * @param defaults sampling that the model's authors recommend
 * @param vocabularySize for the ids of `logitBias`; absent: not checked
 * @throws {InvalidRequestError} naming the option, its value and its range
 */
export function resolveOptions(
  options: GenerationOptions = {},
  defaults: GenerationOptions = {},
  vocabularySize = Number.POSITIVE_INFINITY,
): ResolvedOptions {
  for (const [name, range] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value !== undefined) checkNumber(name, value, range);
  }
  checkStops(options.stop ?? []);
  const chosen = <Name extends keyof typeof defaultSampling>(name: Name) =>
    options[name] ?? defaults[name] ?? defaultSampling[name];
  return {
    maxTokens: options.maxTokens,
    temperature: chosen("temperature"),
    topK: chosen("topK"),
    topP: chosen("topP"),
    minP: chosen("minP"),
    repetitionPenalty: chosen("repetitionPenalty"),
    seed: options.seed ?? freshSeed(),
    stop: options.stop ?? [],
    logProbabilities: options.logProbabilities,
    logitBias: readBias(options.logitBias ?? {}, vocabularySize),
  };
}

function checkNumber(name: string, value: unknown, range: Range): void {
  const { least, most, isWhole = false, isOpen = false } = range;
  const fits =
    typeof value === "number" &&
    value <= most &&
    (isOpen ? value > least : value >= least) &&
    (!isWhole || Number.isSafeInteger(value));
  if (fits) return;
  const kind = isWhole ? "a whole number" : "a number";
  const upTo = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
  throw new InvalidRequestError({
    where: name,
    found: typeof value === "number" ? String(value) : JSON.stringify(value),
    expected: `${kind} ${isOpen ? "above" : "of at least"} ${least}${upTo}`,
    fix: `choose ${name} in that range, or leave it out`,
  });
}

function checkStops(stop: readonly string[]): void {
  const wrong = !Array.isArray(stop)
    ? "something that is no list"
    : stop.length > mostStopTexts
      ? `${stop.length} texts`
      : stop.some((text) => typeof text !== "string")
        ? "an entry that is no text"
        : stop.includes("")
          ? "an empty text"
          : stop.find((text) => text.length > longestStopText) !== undefined
            ? "a text that is too long"
            : stop.every((text) => text.isWellFormed())
              ? undefined
              : "half a character";
  if (wrong === undefined) return;
  throw new InvalidRequestError({
    where: "stop",
    found: wrong,
    expected: `at most ${mostStopTexts} texts of 1 to ${longestStopText} characters`,
    fix: "remove or shorten those texts",
  });
}

function readBias(bias: Readonly<Record<number, number>>, vocabularySize: number): Map<number, number> {
  const entries = new Map<number, number>();
  for (const [key, value] of Object.entries(bias)) {
    const id = Number(key);
    const isId = Number.isSafeInteger(id) && id >= 0 && id < vocabularySize;
    if (!isId || typeof value !== "number" || !(Math.abs(value) <= strongestBias)) {
      throw new InvalidRequestError({
        where: "logitBias",
        found: `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
        expected: `token ids${Number.isFinite(vocabularySize) ? ` below ${vocabularySize}` : ""} with a bias from ${-strongestBias} to ${strongestBias}`,
        fix: "correct that entry or remove it",
      });
    }
    entries.set(id, value);
  }
  return entries;
}

const roles: readonly string[] = ["system", "user", "assistant"] satisfies ChatMessage["role"][];

/** @throws {InvalidRequestError} for an empty conversation, an unknown role or a content that is no text */
export function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new InvalidRequestError({
      where: "messages",
      found: "no message",
      expected: "at least one",
      fix: "send the user's message",
    });
  }
  messages.forEach((message: ChatMessage, index) => {
    if (roles.includes(message?.role) && typeof message.content === "string") return;
    throw new InvalidRequestError({
      where: `messages[${index}]`,
      found: `role ${JSON.stringify(message?.role)} and a content of type ${typeof message?.content}`,
      expected: `role ${roles.map((role) => JSON.stringify(role)).join(", ")} and a text`,
      fix: "correct that message",
    });
  });
}
