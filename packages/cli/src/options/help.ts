// The --help texts, made from the option schemas.

import type * as z from "zod";
import { displayWidth, wrap } from "../terminal/width.ts";
import { describeRange, type OptionSpec, readOptionSpecs } from "./option-spec.ts";
import type { Parsable } from "./parse.ts";

export interface Helpable extends Parsable<z.ZodObject> {
  /** One line, starting with a verb: "Trains a model from raw text". */
  summary: string;
  /** Paragraphs below the summary. */
  details?: string;
  /** Command lines that work as written. */
  examples?: readonly string[];
}

/** @param columns width of the terminal; the text is wrapped to at most 100 */
export function commandHelp(command: Helpable, globalOptions: z.ZodObject, columns: number): string {
  const width = Math.min(100, Math.max(40, columns));
  const specs = readOptionSpecs(command.options);
  const positionals = (command.positionals ?? []).map((key) => specs.find((spec) => spec.key === key)!);
  const named = specs.filter((spec) => !positionals.includes(spec));
  const usage = [
    `myna ${command.name}`,
    ...positionals.map((spec) => {
      const word = `${spec.key.toUpperCase()}${spec.isArray ? "..." : ""}`;
      return spec.isRequired ? word : `[${word}]`;
    }),
    ...named.filter((spec) => spec.isRequired).map((spec) => leftColumn(spec).trim()),
    "[options]",
  ].join(" ");
  const sections = [`${command.summary}.`];
  if (command.details !== undefined) sections.push(wrap(command.details, width).join("\n"));
  sections.push(`Usage: ${usage}`);
  if (positionals.length > 0) {
    sections.push(
      table(
        positionals.map((spec) => [`  ${spec.key.toUpperCase()}`, describe(spec)]),
        width,
      ),
    );
  }
  for (const [group, members] of Object.entries(Object.groupBy(named, (spec) => spec.group ?? "Options"))) {
    sections.push(
      `${group}\n${table(
        members!.map((spec) => [leftColumn(spec), describe(spec)]),
        width,
      )}`,
    );
  }
  const globals = readOptionSpecs(globalOptions);
  sections.push(
    `Everywhere\n${table(
      globals.map((spec) => [leftColumn(spec), describe(spec)]),
      width,
    )}`,
  );
  if (command.examples !== undefined)
    sections.push(`Examples\n${command.examples.map((line) => `  ${line}`).join("\n")}`);
  return `${sections.join("\n\n")}\n`;
}

/** The list of commands, for `myna --help`. */
export function overviewHelp(commands: readonly Helpable[], globalOptions: z.ZodObject, columns: number): string {
  const width = Math.min(100, Math.max(40, columns));
  const rows = commands.map((command) => [`  ${command.name}`, command.summary] as [string, string]);
  const globals = readOptionSpecs(globalOptions).map((spec) => [leftColumn(spec), describe(spec)] as [string, string]);
  return [
    "Myna: a ChatGPT you own. Train it, fine-tune it, chat with it.",
    "Usage: myna COMMAND [options]",
    `Commands\n${table(rows, width)}`,
    `Everywhere\n${table(globals, width)}`,
    "myna COMMAND --help describes one command.\n",
  ].join("\n\n");
}

function leftColumn(spec: OptionSpec): string {
  const short = spec.short === undefined ? "" : `-${spec.short}, `;
  if (spec.type === "boolean")
    return `  ${short}${spec.default === true ? spec.flag.replace("--", "--no-") : spec.flag}`;
  const placeholder =
    spec.choices?.join("|") ?? spec.unit?.toUpperCase().replaceAll(" ", "-") ?? (spec.type === "string" ? "TEXT" : "N");
  return `  ${short}${spec.flag} ${placeholder}`;
}

function describe(spec: OptionSpec): string {
  const facts: string[] = [];
  const range = describeRange(spec);
  if (range !== "") facts.push(range);
  if (spec.isArray) facts.push("may be repeated");
  if (spec.default !== undefined && spec.type !== "boolean" && !isEmptyArray(spec.default)) {
    facts.push(`default: ${String(spec.default)}`);
  }
  if (spec.environment !== undefined) facts.push(`environment: ${spec.environment}`);
  if (spec.isRequired) facts.push("required");
  return facts.length === 0 ? spec.description : `${spec.description} (${facts.join("; ")})`;
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function table(rows: readonly (readonly [string, string] | string[])[], width: number): string {
  const left = Math.min(34, Math.max(...rows.map((row) => displayWidth(row[0]!))) + 2);
  return rows
    .flatMap(([name, text]) => {
      const lines = wrap(text!, width - left);
      const isLong = displayWidth(name!) + 2 > left;
      const first = isLong ? [name!] : [`${name!.padEnd(left)}${lines.shift() ?? ""}`];
      return [...first, ...lines.map((line) => `${" ".repeat(left)}${line}`)];
    })
    .join("\n");
}
