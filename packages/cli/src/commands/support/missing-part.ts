// The error for a part of Myna that this version does not carry.

import { UsageError } from "../../errors.ts";

export function missingPart(where: string, expected: string): UsageError {
  return new UsageError({
    where,
    found: "a version of Myna without this part",
    expected,
    fix: "update Myna: git pull",
  });
}
