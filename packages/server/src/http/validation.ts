/** What a request that does not fit its schema is told: the first wrong field, by its path. */
import type { Hook } from "@hono/zod-openapi";
import type { core } from "zod";
import { RequestError } from "../errors.ts";
import type { AppEnvironment } from "./environment.ts";

/** @throws {RequestError} "invalid_request", or nothing for a request that fits */
export const refuseInvalid: Hook<unknown, AppEnvironment, string, unknown> = (result) => {
  if (result.success) return;
  const [issue] = result.error.issues;
  if (issue === undefined) throw new Error("internal: a refusal without an issue");
  const unknownKeys = issue.code === "unrecognized_keys" ? issue.keys : [];
  const path = [...issue.path, ...unknownKeys.slice(0, 1)].join(".");
  throw new RequestError("invalid_request", {
    where: path === "" ? nameOfTarget[result.target] : path,
    ...(unknownKeys.length > 0
      ? {
          found: "a field that does not exist",
          expected: "only the fields of /openapi.json",
          fix: "leave it out, or correct its name",
        }
      : { found: describeValue(valueAt(result, issue.path)), ...readIssue(issue) }),
  });
};

/** The validator hands over what it read, though its type does not say so. */
function valueAt(result: object, path: readonly PropertyKey[]): unknown {
  let value: unknown = "data" in result ? result.data : undefined;
  for (const key of path) value = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return value;
}

const nameOfTarget: Record<string, string> = { json: "the body", param: "the address", query: "the query" };

/**
 * Zod's "Too small: expected number to be >=1" and "Invalid input: expected array, received string" lose their frame;
 * the protocol's own words are "must EXPECTATION; FIX".
 */
function readIssue(issue: core.$ZodIssue): { expected: string; fix: string } {
  const { message } = issue.code === "invalid_key" ? (issue.issues[0] ?? issue) : issue;
  const [, own, ownFix] = /^must (.*?)(?:; (.*))?$/.exec(message) ?? [];
  const fix = ownFix ?? "correct it and send the request again";
  if (own !== undefined) return { expected: own.startsWith("be ") ? own.slice(3) : `it to ${own}`, fix };
  return { expected: message.replace(/^.*?expected /, "").replace(/, received .*$/, ""), fix };
}

/** Numbers and short words as they are; texts by their length, for an error must not repeat a message. */
function describeValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string")
    return value.length <= 32 ? JSON.stringify(value) : `a text of ${value.length} characters`;
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}
