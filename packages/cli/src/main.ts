// The entry of the `myna` command: finds the subcommand, reads the global options, tells errors, returns the exit code.

import { resolve } from "node:path";
import * as z from "zod";
import type { Command, CommandContext } from "./command.ts";
import { commands } from "./commands/index.ts";
import { describeError, exitCodes, UsageError } from "./errors.ts";
import { closest } from "./options/did-you-mean.ts";
import { commandHelp, overviewHelp } from "./options/help.ts";
import { parseOptions } from "./options/parse.ts";
import { createPalette, wantsColour } from "./terminal/colour.ts";
import type { TextStream } from "./terminal/live-region.ts";

export const version = "0.1.0";

const globalOptions = z.object({
  home: z
    .string()
    .default("./.myna")
    .describe("Data directory: runs, models, conversations")
    .meta({ unit: "folder", environment: "MYNA_HOME" }),
  json: z.boolean().default(false).describe("Writes results as JSON, progress as JSON lines"),
  help: z.boolean().default(false).describe("Shows this text").meta({ short: "h" }),
});

export interface Surroundings {
  output: TextStream;
  errorOutput: TextStream;
  environment: Record<string, string | undefined>;
  folder: string;
}

/**
 * Runs one command line.
 *
 * @param words what follows `myna`
 * @returns 0 done, 1 internal error, 2 the user's mistake, 130 interrupted
 */
export async function main(words: string[], surroundings: Surroundings = processSurroundings()): Promise<number> {
  const { output, errorOutput, environment, folder } = surroundings;
  const { rest, globals, wantsHelp, wantsVersion } = takeGlobalOptions(words);
  const columns = output.columns ?? 80;
  try {
    const found = findCommand(rest);
    if (wantsVersion && found === undefined) {
      output.write(`${version}\n`);
      return exitCodes.done;
    }
    if (found === undefined) {
      if (rest.length > 0) throw unknownCommand(rest);
      const target = wantsHelp ? output : errorOutput;
      target.write(overviewHelp(commands, globalOptions, columns));
      return wantsHelp ? exitCodes.done : exitCodes.userError;
    }
    if (wantsHelp) {
      output.write(commandHelp(found.command, globalOptions, columns));
      return exitCodes.done;
    }
    const { home, json } = parseOptions({ name: found.command.name, options: globalOptions }, globals, environment);
    const context: CommandContext = {
      output,
      errorOutput,
      isJson: json,
      home: resolve(folder, home),
      environment,
      palette: createPalette(wantsColour(output, environment)),
    };
    return (await found.command.run(parseOptions(found.command, found.words, environment), context)) ?? exitCodes.done;
  } catch (error) {
    const { text, exitCode } = describeError(error, environment.MYNA_DEBUG === "1");
    errorOutput.write(`${text}\n`);
    return exitCode;
  }
}

/** Global options may stand anywhere before a lone "--". */
function takeGlobalOptions(words: string[]) {
  const rest: string[] = [];
  const globals: string[] = [];
  let wantsHelp = false;
  let wantsVersion = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      rest.push(...words.slice(i));
      break;
    }
    if (word === "--help" || word === "-h") wantsHelp = true;
    else if (word === "--version") wantsVersion = true;
    else if (word === "--json" || word.startsWith("--home=")) globals.push(word);
    else if (word === "--home") globals.push(...words.slice(i, ++i + 1));
    else rest.push(word);
  }
  if (rest[0] === "help") {
    wantsHelp = true;
    rest.shift();
  }
  return { rest, globals, wantsHelp, wantsVersion };
}

/** The command with the longest name that the words start with. */
function findCommand(words: string[]): { command: Command; words: string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const command = words.length >= length ? commands.find((candidate) => candidate.name === name) : undefined;
    if (command !== undefined) return { command, words: words.slice(length) };
  }
  return undefined;
}

function unknownCommand(words: string[]): UsageError {
  const names = commands.map((command) => command.name);
  const children = names.filter((name) => name.startsWith(`${words[0]} `));
  const guess = children[0] ?? closest(words.slice(0, 2).join(" "), names) ?? closest(words[0]!, names);
  return new UsageError({
    where: "myna",
    found: `the unknown command ${JSON.stringify(words[0])}`,
    expected: "one of its commands",
    fix: guess === undefined ? "see myna --help" : `did you mean myna ${guess}`,
  });
}

function processSurroundings(): Surroundings {
  return { output: process.stdout, errorOutput: process.stderr, environment: process.env, folder: process.cwd() };
}
