// What a subcommand is: a schema of options and a function. Everything else (parsing, help, errors) follows from these.

import type * as z from "zod";
import type { Palette } from "./terminal/colour.ts";
import type { TextStream } from "./terminal/live-region.ts";

export interface CommandContext {
  /** Results: what another program may read. */
  output: TextStream;
  /** Progress and remarks: what a person reads. */
  errorOutput: TextStream;
  /** True with --json: `output` gets JSON only. */
  isJson: boolean;
  /** Absolute path of the data directory, MYNA_HOME. It may not exist yet. */
  home: string;
  environment: Record<string, string | undefined>;
  palette: Palette;
}

export interface CommandDefinition<Schema extends z.ZodObject> {
  /** As typed; "recipe run" is two words. */
  name: string;
  /** One line for lists, without a full stop: "Trains a model from raw text". */
  summary: string;
  details?: string;
  examples?: readonly string[];
  options: Schema;
  /** Fields of the schema given by position. */
  positionals?: readonly (keyof z.infer<Schema> & string)[];
  /** @returns the exit code; nothing means 0 */
  // biome-ignore lint/suspicious/noConfusingVoidType: a command without an exit code ends without a return
  run(options: z.infer<Schema>, context: CommandContext): Promise<number | void>;
}

/** A command whose schema's type has been forgotten, as lists of commands need it. */
export interface Command extends Omit<CommandDefinition<z.ZodObject>, "run" | "positionals"> {
  positionals?: readonly string[];
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  run(options: Record<string, unknown>, context: CommandContext): Promise<number | void>;
}

export function defineCommand<Schema extends z.ZodObject>(definition: CommandDefinition<Schema>): Command {
  // Safe: main passes exactly what parseOptions made of this definition's schema.
  return definition as unknown as Command;
}
