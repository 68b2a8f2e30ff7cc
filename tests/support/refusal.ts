// What every refusal on the command line has in common.

import { expect } from "vitest";
import type { Told, Workshop } from "./workshop.ts";

/**
 * Exit code 2 and exactly one error, the last line: where, found, expected, fix. No stack trace, no result.
 *
 * @returns the error
 */
export function refusalOf({ code, output, errors }: Told): string {
  const lines = errors.trimEnd().split("\n");
  const told = lines.filter((line) => line.includes("To fix: "));
  expect(told, errors).toHaveLength(1);
  expect(lines.at(-1)).toBe(told[0]);
  expect(told[0]).toMatch(/^.+: found .+; expected .+\. To fix: .+\.$/);
  expect(errors).not.toMatch(/^\s+at |internal:|ENOENT: |EACCES: |Error:/m);
  expect(output).toBe("");
  expect(code).toBe(2);
  return told[0]!;
}

/** As `refusalOf`, with the home's files untouched. */
export async function refusedUntouched(workshop: Workshop, ...words: string[]): Promise<string> {
  const before = workshop.listing();
  const error = refusalOf(await workshop.run(...words));
  expect(workshop.listing()).toEqual(before);
  return error.replaceAll(workshop.folder, "…");
}
