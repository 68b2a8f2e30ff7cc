/** A chat template as a function from variables to text, with the environment that transformers gives it. */
import { createHash } from "node:crypto";
import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";
import { ChatTemplateError, quote } from "../errors.ts";
import { strftime } from "./strftime.ts";

/** The longest published template, Llama 4's with tools, has 12,000 characters. */
const LONGEST_TEMPLATE = 200_000;
const LONGEST_RANGE = 100_000;

export type TemplateFunction = (variables: Record<string, unknown>, now: Date) => string;

const compiled = new Map<string, TemplateFunction>();

/**
 * Identity of a template, for checkpoints: SHA-256 of its text, in hexadecimal. A model answers well only under the template it
 * was trained with.
 */
export function templateHash(template: string): string {
  return createHash("sha256").update(template).digest("hex");
}

/** @throws {ChatTemplateError} if the template does not parse */
export function compileTemplate(source: string): TemplateFunction {
  let template = compiled.get(source);
  if (template === undefined) {
    template = compile(source);
    // A process uses a handful of templates; a server that is sent more must not keep them all.
    if (compiled.size >= 32) compiled.clear();
    compiled.set(source, template);
  }
  return template;
}

function compile(source: string): TemplateFunction {
  if (source.length > LONGEST_TEMPLATE) {
    throw new ChatTemplateError({
      where: "chat template",
      found: `${source.length} characters`,
      expected: `at most ${LONGEST_TEMPLATE}`,
      fix: "check that the file is a chat template",
    });
  }
  const program = guarded("a Jinja template", () =>
    parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true })),
  );
  return (variables, now) =>
    guarded("messages and variables that the template accepts", () => {
      const environment = new Environment();
      for (const [name, value] of Object.entries({ ...globals(now), ...variables })) environment.set(name, value);
      return String(new Interpreter(environment).run(program).value);
    });
}

function globals(now: Date): Record<string, unknown> {
  return {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    raise_exception: (message: unknown): never => {
      throw new ChatTemplateError({
        where: "chat template",
        found: `messages that it refuses (“${String(message)}”)`,
        expected: "messages in the order and with the roles that this template knows",
        fix: "change the messages, or use another template",
      });
    },
    range: boundedRange,
    strftime_now: (format: unknown) => strftime(now, String(format)),
  };
}

/** Python's range; templates of strangers must not fill the memory. */
function boundedRange(first: number, second?: unknown, third?: unknown): number[] {
  const hasStop = typeof second === "number";
  const start = hasStop ? first : 0;
  const stop = hasStop ? second : first;
  const step = typeof third === "number" && third !== 0 ? third : 1;
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= LONGEST_RANGE)) throw new RangeError(`range of ${length} numbers`);
  return Array.from({ length }, (_, i) => start + i * step);
}

function guarded<T>(expected: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ChatTemplateError) throw error;
    throw new ChatTemplateError(
      {
        where: "chat template",
        found: quote(error instanceof Error ? error.message : String(error)),
        expected,
        fix: "correct the template, or use another one",
      },
      { cause: error },
    );
  }
}
