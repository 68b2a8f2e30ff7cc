// What is in this repository, as git sees it: tracked files and new ones that are not ignored.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Paths relative to the root, with forward slashes, sorted. */
export function listFiles(): string[] {
  const parameters = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", parameters, { cwd: root, encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
  const paths = new Set(listed.split("\0").filter((path) => path !== ""));
  return [...paths].filter((path) => existsSync(join(root, path))).sort();
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export interface Manifest {
  name?: string;
  license?: string;
  licenses?: { type: string }[];
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readText(path)) as Manifest;
}

/** Names of everything a package.json declares. */
export function declaredNames(manifest: Manifest): string[] {
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  });
}
