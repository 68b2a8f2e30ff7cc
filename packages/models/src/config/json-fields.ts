/** Reads fields of a parsed JSON object, naming file and field when one is missing or of another type. */
import { ConfigError } from "../errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON value as an error shows it: short, and told apart from text. */
export function describeJson(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isFiniteNumber = (value: unknown): value is number => Number.isFinite(value);

/** Fields of one object. `null` counts as absent, as Hugging Face writes it. */
export class JsonFields {
  readonly #where: string;
  readonly #object: JsonObject;

  constructor(where: string, object: unknown) {
    if (!isJsonObject(object)) {
      throw new ConfigError({
        where,
        found: describeJson(object),
        expected: "a JSON object",
        fix: "pass the parsed contents of a Hugging Face config.json",
      });
    }
    this.#where = where;
    this.#object = object;
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? (this.#object[name] ?? undefined) : undefined;
  }

  #refuse(name: string, expected: string): never {
    const found = `${name} = ${describeJson(this.#value(name))}`;
    throw new ConfigError({ where: this.#where, found, expected, fix: `correct ${name}` });
  }

  #typed<Value>(
    name: string,
    fallback: Value | undefined,
    expected: string,
    test: (value: unknown) => value is Value,
  ): Value {
    const value = this.#value(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (!test(value)) this.#refuse(name, expected);
    return value;
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  raw(name: string): unknown {
    return this.#value(name);
  }

  integer(name: string, fallback?: number): number {
    return this.#typed(name, fallback, "a whole number", isInteger);
  }

  number(name: string, fallback?: number): number {
    return this.#typed(name, fallback, "a number", isFiniteNumber);
  }

  boolean(name: string, fallback?: boolean): boolean {
    return this.#typed(name, fallback, "true or false", (value) => typeof value === "boolean");
  }

  text(name: string, fallback?: string): string {
    return this.#typed(name, fallback, "a text", (value) => typeof value === "string");
  }

  /** @throws {ConfigError} if the field is neither absent nor one of the choices */
  choice<Choice extends string>(name: string, choices: readonly Choice[], fallback?: Choice): Choice {
    return this.#typed(name, fallback, choices.join(" or "), (value): value is Choice =>
      choices.includes(value as Choice),
    );
  }

  optionalInteger(name: string): number | undefined {
    return this.has(name) ? this.integer(name) : undefined;
  }

  integers(name: string): number | readonly number[] | undefined {
    const value = this.#value(name);
    if (!Array.isArray(value)) return this.optionalInteger(name);
    if (!value.every(isInteger)) this.#refuse(name, "whole numbers");
    return value;
  }

  /** Refuses a field that asks for something this package does not compute. */
  expect(name: string, allowed: readonly unknown[], why: string): void {
    if (this.has(name) && !allowed.includes(this.#value(name))) {
      this.#refuse(name, `${["nothing", ...allowed.map(describeJson)].join(" or ")}: ${why}`);
    }
  }
}
