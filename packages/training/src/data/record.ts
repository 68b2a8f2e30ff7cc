/** The records of a training file, one per line, and the check that a line is one. Knows no files. */

import * as z from "zod";

/** JSON can spell half of a surrogate pair, which no encoding can write. */
const text = z.string().refine((value) => value.isWellFormed(), "whole characters, no half of a surrogate pair");

export const messageSchema = z.object({ role: z.enum(["system", "user", "assistant", "tool"]), content: text });

/** One turn of a conversation. */
export type Message = z.infer<typeof messageSchema>;

const messages = z.array(messageSchema).min(1);
const prompt = messages;
/** Groups of indices into the responses, the best group first; ties share a group. */
const ranking = z.array(z.array(z.int().min(0)).min(1)).min(1);

/** The record kinds by name, as DESIGN's formats: text, conversation, preference, ranking, prompt. */
export const recordSchemas = {
  text: z.object({ text }),
  conversation: z.object({
    messages: messages.refine(
      (turns) => turns.some(({ role }) => role === "assistant"),
      "at least one assistant's message, to learn from",
    ),
  }),
  preference: z.object({ prompt, chosen: text, rejected: text }),
  ranking: z
    .object({ prompt, responses: z.array(text).min(2).max(9), ranking })
    .refine((record) => isPermutation(record.ranking.flat(), record.responses.length), {
      path: ["ranking"],
      message: "every response's index once, such as [[0],[2,1]] for three responses",
    }),
  prompt: z.object({ prompt }),
} as const;

export type RecordKind = keyof typeof recordSchemas;
export type RecordOf<Kind extends RecordKind> = z.infer<(typeof recordSchemas)[Kind]>;
export type TextRecord = RecordOf<"text">;
export type ConversationRecord = RecordOf<"conversation">;

/** What one line of each kind looks like, for messages. */
export const recordExamples: Readonly<Record<RecordKind, string>> = {
  text: '{"text":"…"}',
  conversation: '{"messages":[{"role":"user","content":"…"},{"role":"assistant","content":"…"}]}',
  preference: '{"prompt":[{"role":"user","content":"…"}],"chosen":"…","rejected":"…"}',
  ranking: '{"prompt":[{"role":"user","content":"…"}],"responses":["…","…","…"],"ranking":[[0],[2,1]]}',
  prompt: '{"prompt":[{"role":"user","content":"…"}]}',
};

export interface RecordProblem {
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

/**
 * Checks one parsed line.
 *
 * @param kinds wanted kinds, tried in order; a line that fits none is judged by the first whose fields it has
 * @returns the record without unknown fields, or what is wrong with it
 */
export function checkRecord<Kind extends RecordKind>(
  value: unknown,
  kinds: readonly Kind[],
): { kind: Kind; record: RecordOf<Kind> } | RecordProblem {
  for (const kind of kinds) {
    const result = recordSchemas[kind].safeParse(value);
    if (result.success) return { kind, record: result.data as RecordOf<Kind> };
  }
  const expected = kinds.map((kind) => recordExamples[kind]).join(" or ");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { found: describe(value), expected, fix: "write one JSON object per line" };
  }
  const judged = kinds.toSorted((one, another) => fieldsPresent(value, another) - fieldsPresent(value, one))[0]!;
  const other = (Object.keys(recordSchemas) as RecordKind[]).find(
    (kind) => recordSchemas[kind].safeParse(value).success,
  );
  if (other !== undefined && fieldsPresent(value, other) > fieldsPresent(value, judged)) {
    return { found: `a record of another kind, ${recordExamples[other]}`, expected, fix: fixForOther(other) };
  }
  const issue = recordSchemas[judged].safeParse(value).error!.issues[0]!;
  return { found: describeAt(value, issue.path), expected: expectation(issue, expected), fix: `write ${expected}` };
}

function isPermutation(indices: readonly number[], count: number): boolean {
  return indices.length === count && new Set(indices).size === count && indices.every((index) => index < count);
}

function fieldsPresent(value: object, kind: RecordKind): number {
  return Object.keys(recordSchemas[kind].shape).filter((field) => Object.hasOwn(value, field)).length;
}

function fixForOther(kind: RecordKind): string {
  if (kind === "text") return "use the file for pretraining, or write conversations";
  if (kind === "conversation") return "use the file for supervised fine-tuning, or write the wanted form";
  return "use the file for the stage that learns from comparisons, or write the wanted form";
}

/** A place in a record and what is there: `messages[1].role "bot"`, `no field "text" (it has "txt")`. */
function describeAt(value: object, path: readonly PropertyKey[]): string {
  let current: unknown = value;
  let place = "";
  for (const key of path) {
    const isPresent = typeof current === "object" && current !== null && Object.hasOwn(current, key);
    if (!isPresent) {
      const present = Object.keys(current ?? {})
        .slice(0, 5)
        .map((name) => JSON.stringify(cut(name)));
      const inside = place === "" ? "" : ` in ${place}`;
      return `no field ${JSON.stringify(String(key))}${inside} (it has ${present.join(", ") || "none"})`;
    }
    current = (current as Record<PropertyKey, unknown>)[key];
    place += typeof key === "number" ? `[${key}]` : `${place === "" ? "" : "."}${String(key)}`;
  }
  return `${place} ${describe(current)}`.trim();
}

function expectation(issue: z.core.$ZodIssue, whole: string): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "string"
        ? "a string there"
        : `${issue.expected === "int" ? "a whole number" : `an ${issue.expected}`} there`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "too_small":
      return `at least ${issue.minimum} there`;
    case "too_big":
      return `at most ${issue.maximum} there`;
    case "custom":
      return issue.message;
    default:
      return whole;
  }
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return JSON.stringify(cut(value));
  return `${typeof value} ${String(value)}`;
}

function cut(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
