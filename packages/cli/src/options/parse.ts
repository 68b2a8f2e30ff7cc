// Turns command line words into the validated options of a schema.

import { parseArgs } from "node:util";
import type * as z from "zod";
import { UsageError } from "../errors.ts";
import { closest } from "./did-you-mean.ts";
import { describeExpected, type OptionSpec, readOptionSpecs } from "./option-spec.ts";

/** What the parser has to know of a command. */
export interface Parsable<Schema extends z.ZodObject> {
  /** As typed: "recipe run". */
  name: string;
  options: Schema;
  /** Fields given by position, in order; an array field takes all that remain. */
  positionals?: readonly (keyof z.infer<Schema> & string)[];
}

/**
 * @param words what follows the command's name, without --help and the global options
 * @param environment variables that options name in their schema; an empty one counts as absent
 * @throws {UsageError} for an unknown option, a missing value, a value out of range, a word too many
 */
export function parseOptions<Schema extends z.ZodObject>(
  command: Parsable<Schema>,
  words: string[],
  environment: Record<string, string | undefined> = {},
): z.infer<Schema> {
  const specs = readOptionSpecs(command.options);
  const { tokens } = parseArgs({
    args: words,
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
    options: Object.fromEntries(
      specs.map((spec) => [
        spec.flag.slice(2),
        {
          type: spec.type === "boolean" ? ("boolean" as const) : ("string" as const),
          multiple: spec.isArray,
          ...(spec.short === undefined ? {} : { short: spec.short }),
        },
      ]),
    ),
  });
  const values: Record<string, unknown> = {};
  const positionalWords: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionalWords.push(token.value);
    if (token.kind !== "option") continue;
    const { spec, isNegated } = findSpec(command.name, specs, token.name, token.rawName);
    const value = spec.type === "boolean" ? readBoolean(spec, token.value, isNegated) : readValue(spec, token.value);
    values[spec.key] = spec.isArray ? [...((values[spec.key] as unknown[]) ?? []), value] : value;
  }
  assignPositionals(command, specs, positionalWords, values);
  assignFromEnvironment(specs, environment, values);
  return validate(command, specs, values);
}

function findSpec(command: string, specs: OptionSpec[], name: string, rawName: string) {
  const direct = specs.find((spec) => spec.flag === `--${name}`);
  if (direct !== undefined) return { spec: direct, isNegated: rawName.startsWith("--no-") && !name.startsWith("no-") };
  const negated = specs.find((spec) => spec.type === "boolean" && `no-${spec.flag.slice(2)}` === name);
  if (negated !== undefined) return { spec: negated, isNegated: true };
  const guess = closest(
    `--${name}`,
    specs.map((spec) => spec.flag),
  );
  throw new UsageError({
    where: `myna ${command}`,
    found: `the unknown option ${rawName}`,
    expected: "one of its options",
    fix: guess === undefined ? `see myna ${command} --help` : `did you mean ${guess}?`.replace(/\?$/, ""),
  });
}

function readBoolean(spec: OptionSpec, text: string | undefined, isNegated: boolean): boolean {
  if (text === undefined) return !isNegated;
  if (text === "true" || text === "false") return (text === "true") !== isNegated;
  throw badValue(spec, text);
}

function readValue(spec: OptionSpec, text: string | undefined): number | string {
  if (text === undefined || (text.startsWith("--") && text.length > 2)) {
    throw new UsageError({
      where: spec.flag,
      found: "no value",
      expected: describeExpected(spec),
      fix: `write ${spec.flag} ${exampleOf(spec)}`,
    });
  }
  return spec.type === "string" ? text : readNumber(spec, text);
}

const multipliers: Record<string, number> = { k: 1e3, m: 1e6, b: 1e9 };

/** Numbers may be written 3e-4, 1_000_000, 20M (millions), 16k (thousands) or 1.5B (thousand millions). */
function readNumber(spec: OptionSpec, text: string, where = spec.flag): number {
  const match = /^([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)([kmb]?)$/i.exec(text);
  if (match === null) throw badValue(spec, text, where);
  const value = Number(match[1]!.replaceAll("_", "")) * (multipliers[match[2]!.toLowerCase()] ?? 1);
  return spec.type === "integer" && Math.abs(value - Math.round(value)) < 1e-6 ? Math.round(value) : value;
}

function assignPositionals(
  command: Parsable<z.ZodObject>,
  specs: OptionSpec[],
  words: string[],
  values: Record<string, unknown>,
): void {
  const rest = [...words];
  for (const key of command.positionals ?? []) {
    const spec = specs.find((candidate) => candidate.key === key);
    if (spec === undefined) throw new Error(`internal: positional ${key} is not in the schema of ${command.name}`);
    if (rest.length === 0 || values[key] !== undefined) continue;
    const read = (text: string) => (spec.type === "string" ? text : readNumber(spec, text));
    values[key] = spec.isArray ? rest.splice(0).map(read) : read(rest.shift()!);
  }
  if (rest.length === 0) return;
  throw new UsageError({
    where: `myna ${command.name}`,
    found: `the word ${JSON.stringify(rest[0])} too many`,
    expected:
      (command.positionals ?? []).length === 0 ? "options only" : `${command.positionals!.join(", ")} and options`,
    fix: `see myna ${command.name} --help; a text with spaces goes in quotes`,
  });
}

function assignFromEnvironment(
  specs: OptionSpec[],
  environment: Record<string, string | undefined>,
  values: Record<string, unknown>,
): void {
  for (const spec of specs) {
    const text = spec.environment === undefined ? undefined : environment[spec.environment];
    if (text === undefined || text === "" || values[spec.key] !== undefined) continue;
    values[spec.key] = spec.type === "string" ? text : readNumber(spec, text, environmentText(spec));
  }
}

const environmentText = (spec: OptionSpec) => `the environment variable ${spec.environment}`;

function validate<Schema extends z.ZodObject>(
  command: Parsable<Schema>,
  specs: OptionSpec[],
  values: Record<string, unknown>,
): z.infer<Schema> {
  const result = command.options.safeParse(values);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const spec = specs.find((candidate) => candidate.key === issue.path[0]);
  if (spec === undefined) {
    throw new UsageError({
      where: `myna ${command.name}`,
      found: "options that do not go together",
      expected: issue.message,
      fix: `see myna ${command.name} --help`,
    });
  }
  const isPositional = command.positionals?.includes(spec.key) ?? false;
  const where = isPositional ? `${spec.key.toUpperCase()} of myna ${command.name}` : spec.flag;
  const value = values[spec.key];
  if (value === undefined) {
    throw new UsageError({
      where: `myna ${command.name}`,
      found: `no ${isPositional ? spec.key.toUpperCase() : spec.flag}`,
      expected: spec.description === "" ? describeExpected(spec) : lowerFirst(spec.description),
      fix: isPositional
        ? `write myna ${command.name} ${command.positionals!.map((key) => key.toUpperCase()).join(" ")}`
        : `add ${spec.flag} ${exampleOf(spec)}`,
    });
  }
  if (issue.code === "custom" || issue.code === "invalid_format") {
    throw new UsageError({ where, found: foundText(String(value)), expected: issue.message, fix: `change ${where}` });
  }
  throw badValue(spec, String(value), where);
}

function badValue(spec: OptionSpec, text: string, where = spec.flag): UsageError {
  const guess = spec.choices === undefined ? undefined : closest(text, spec.choices);
  const isFromEnvironment = where === environmentText(spec);
  const write = isFromEnvironment
    ? `${spec.environment}=${exampleOf(spec)}, or unset it`
    : `${spec.flag} ${exampleOf(spec)}`;
  const leaveOut =
    spec.default === undefined || isFromEnvironment
      ? ""
      : `, or leave it out for the default (${String(spec.default)})`;
  return new UsageError({
    where,
    found: foundText(text),
    expected: describeExpected(spec),
    fix: guess === undefined ? `write ${write}${leaveOut}` : `did you mean ${guess}`,
  });
}

const foundText = (text: string) => (text === "" ? "an empty text" : text);

function exampleOf(spec: OptionSpec): string {
  if (spec.choices !== undefined) return spec.choices[0]!;
  if (spec.type === "boolean") return "true";
  if (spec.default !== undefined && spec.type !== "string") return String(spec.default);
  if (spec.type === "string") return spec.unit?.toUpperCase() ?? "TEXT";
  return String(Math.max(spec.minimum ?? 1, spec.exclusiveMinimum === undefined ? 0 : spec.exclusiveMinimum + 1));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
