/** Which option of a resumed run differs from the run's own. */

import { isDeepStrictEqual } from "node:util";

export interface ChangedOption {
  /** As it is typed: --learning-rate. */
  readonly option: string;
  readonly found: string;
  readonly expected: string;
}

/**
 * @param before options as run.json has them
 * @param now    options as given now; undefined counts as absent
 * @returns the first difference in order of names, or undefined
 */
export function findChangedOption(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  mayChange: readonly string[],
): ChangedOption | undefined {
  const current = JSON.parse(JSON.stringify(now)) as Record<string, unknown>;
  const names = [...new Set([...Object.keys(before), ...Object.keys(current)])].sort();
  const name = names.find((key) => !mayChange.includes(key) && !isDeepStrictEqual(before[key], current[key]));
  if (name === undefined) return undefined;
  const text = (value: unknown) => (value === undefined ? "nothing" : JSON.stringify(value));
  const option = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return { option, found: text(current[name]), expected: text(before[name]) };
}
