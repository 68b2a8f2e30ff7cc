// Reads an option schema (zod) as a list of command line options. The schema is the only place where names, types,
// defaults, ranges and descriptions are written: parsing and help both start from this list, so they cannot disagree.
//
// A schema is an object whose fields carry `.describe("…")` and optionally `.meta({ unit, group, short, environment })`:
//
//   z.object({ context: z.int().min(16).default(512).describe("Tokens a model sees at once").meta({ unit: "tokens" }) })

import * as z from "zod";

export type OptionType = "boolean" | "integer" | "number" | "string";

export interface OptionSpec {
  /** Field of the schema: maxTokens. */
  key: string;
  /** As typed: --max-tokens. */
  flag: string;
  /** One letter, as in -o. */
  short?: string;
  type: OptionType;
  isArray: boolean;
  isRequired: boolean;
  description: string;
  /** Unit or placeholder shown in help: tokens, seconds, FOLDER. */
  unit?: string;
  /** Environment variable that sets the option when the command line does not. */
  environment?: string;
  /** Heading in help. */
  group?: string;
  choices?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  default?: unknown;
}

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  items?: JsonSchema;
  unit?: string;
  group?: string;
  short?: string;
  environment?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

const optionTypes: readonly string[] = ["boolean", "integer", "number", "string"] satisfies OptionType[];

/** The options of a schema, in the order of its fields. */
export function readOptionSpecs(schema: z.ZodObject): OptionSpec[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return Object.entries(json.properties ?? {}).map(([key, field]) => {
    const value = field.type === "array" ? (field.items ?? {}) : field;
    if (value.type === undefined || !optionTypes.includes(value.type)) {
      throw new Error(`internal: option ${key} has type ${value.type}, which a command line cannot carry`);
    }
    return withoutUndefined({
      key,
      flag: `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      short: field.short,
      type: value.type as OptionType,
      isArray: field.type === "array",
      isRequired: json.required?.includes(key) ?? false,
      description: field.description ?? "",
      unit: field.unit,
      environment: field.environment,
      group: field.group,
      choices: value.enum?.map(String),
      // z.int() states the range of safe integers, which is no news to anybody.
      minimum: value.minimum === Number.MIN_SAFE_INTEGER ? undefined : value.minimum,
      maximum: value.maximum === Number.MAX_SAFE_INTEGER ? undefined : value.maximum,
      exclusiveMinimum: value.exclusiveMinimum,
      exclusiveMaximum: value.exclusiveMaximum,
      default: field.default,
    });
  });
}

/** "a whole number from 1 to 64 (layers)", "one of cosine, wsd". */
export function describeExpected(spec: OptionSpec): string {
  if (spec.choices !== undefined) return `one of ${spec.choices.join(", ")}`;
  const noun = { boolean: "true or false", integer: "a whole number", number: "a number", string: "a text" }[spec.type];
  const range = describeRange(spec);
  const unit = spec.unit === undefined || spec.type === "string" ? "" : ` (${spec.unit})`;
  return `${noun}${range === "" ? "" : ` ${range}`}${unit}`;
}

/** "from 1 to 64", "above 0", "" without limits. */
export function describeRange(spec: OptionSpec): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = spec;
  if (minimum !== undefined && maximum !== undefined) return `from ${minimum} to ${maximum}`;
  const low =
    minimum !== undefined ? `at least ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : "";
  const high =
    maximum !== undefined ? `at most ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : "";
  return [low, high].filter((part) => part !== "").join(" and ");
}

function withoutUndefined(spec: OptionSpec | Record<string, unknown>): OptionSpec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)) as unknown as OptionSpec;
}
