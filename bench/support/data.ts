/** Where the benchmarks' texts are. They are not part of the repository. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The folder given, or MYNA_DATA, or ../shared/data beside the repository. */
export function dataFolder(given?: string): string {
  const folder = resolve(
    given ?? process.env.MYNA_DATA ?? join(import.meta.dirname, "..", "..", "..", "shared", "data"),
  );
  if (existsSync(folder)) return folder;
  throw new Error(
    `data: found no folder ${folder}; expected the texts there. To fix: pass --data FOLDER or set MYNA_DATA.`,
  );
}
