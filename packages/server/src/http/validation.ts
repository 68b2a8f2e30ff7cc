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
    found: unknownKeys.length > 0 ? "a field that does not exist" : describeValue(issue.input),
    expected: unknownKeys.length > 0 ? "only the fields of /openapi.json" : describeExpectation(issue),
    fix: unknownKeys.length > 0 ? "leave it out, or correct its name" : "correct it and send the request again",
  });
};

const nameOfTarget: Record<string, string> = { json: "the body", param: "the address", query: "the query" };

/** Zod's words where we have none: "Too small: expected number to be >=1". */
function describeExpectation(issue: core.$ZodIssue): string {
  return issue.message.replace(/^.*?expected /, "").replace(/, received .*$/, "");
}

/** Numbers and short words as they are; texts by their length, for an error must not repeat a message. */
function describeValue(value: unknown): string {
  if (value === undefined) return "nothing or a value that does not fit";
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string")
    return value.length <= 32 ? JSON.stringify(value) : `a text of ${value.length} characters`;
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}
