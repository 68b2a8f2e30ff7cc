/** What made a run: the commit of this code base and the versions below it, for run.json. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemErrorCode } from "../errors.ts";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));

/** The commit checked out here, with "+changes" if files differ from it; undefined outside of git. */
export function gitCommit(folder: string = repository): string | undefined {
  const commit = git(folder, "rev-parse", "HEAD");
  if (commit === undefined) return undefined;
  const changes = git(folder, "status", "--porcelain", "--untracked-files=no");
  return changes === "" || changes === undefined ? commit : `${commit}+changes`;
}

/** Of Myna and Node. */
export function versions(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(`${repository}package.json`, "utf8")) as { version: string };
  return { myna: version, node: process.versions.node };
}

function git(folder: string, ...parameters: readonly string[]): string | undefined {
  try {
    return execFileSync("git", ["-C", folder, ...parameters], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch (error) {
    // No git, or no repository: a run may do without. A failed command has a status, a missing one a code.
    if (systemErrorCode(error) !== undefined || (error instanceof Error && "status" in error)) return undefined;
    throw error;
  }
}
