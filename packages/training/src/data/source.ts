/** Where training data comes from: a file or a folder, how often it is read relative to others, and how often at most. */

import { existsSync } from "node:fs";
import { OptionError } from "../errors.ts";

export interface DataSource {
  /** A file or a folder. */
  readonly path: string;
  /** How often it is read in one pass over the data: 2 reads it twice, 0.5 half of it. Above 0. Default 1. */
  readonly weight?: number;
  /** Times it is read at most in a whole run; the other sources fill its place then. Default: no limit. */
  readonly maximumEpochs?: number;
}

/**
 * "books/=2" → { path: "books/", weight: 2 }. A path that exists as it is written has no weight.
 *
 * @throws {OptionError} if what follows the last "=" looks like a weight and is none
 */
export function parseSource(text: string): DataSource {
  const at = text.lastIndexOf("=");
  if (at <= 0 || existsSync(text)) return { path: text };
  const [path, weightText] = [text.slice(0, at), text.slice(at + 1)];
  const weight = Number(weightText);
  if (weightText.trim() !== "" && Number.isFinite(weight) && weight > 0 && weight <= 1000) return { path, weight };
  throw new OptionError({
    where: `data ${JSON.stringify(text)}`,
    found: `a weight of ${JSON.stringify(weightText)}`,
    expected: "PATH or PATH=WEIGHT with a weight above 0, at most 1000",
    fix: "write it as in books/=2, or leave the weight out",
  });
}
