/** The files behind a source: the file itself, or those of a folder that can be read, in an order that never changes. */

import { createHash } from "node:crypto";
import { createReadStream, type Dirent, type Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { DataError, systemErrorCode } from "../errors.ts";

export interface SourceFile {
  readonly path: string;
  readonly format: "jsonl" | "text";
  readonly compression: "none" | "gzip" | "zstd";
  readonly bytes: number;
  readonly modifiedMs: number;
  /** SHA-256 of the bytes on disk, hexadecimal. */
  readonly sha256: string;
}

const formats: Record<string, SourceFile["format"]> = {
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".txt": "text",
  ".text": "text",
  ".md": "text",
  ".markdown": "text",
};
const compressions: Record<string, SourceFile["compression"]> = { ".gz": "gzip", ".zst": "zstd" };
const readable = ".jsonl, .ndjson, .txt, .text, .md or .markdown, each also with .gz or .zst";

/**
 * Lists and hashes the files of a source. Hidden files and files of other kinds inside a folder are left out.
 *
 * @throws {DataError} if the path is missing, of another kind, or holds nothing readable, or if a link leaves the folder
 * @throws {DOMException} named AbortError
 */
export async function listSourceFiles(path: string, signal?: AbortSignal): Promise<SourceFile[]> {
  const stats = await statOrExplain(path);
  if (stats.isDirectory()) {
    const paths: string[] = [];
    await walk(path, await realpath(path), new Set(), paths);
    if (paths.length === 0) {
      throw new DataError({
        where: path,
        found: "a folder without files that can be read",
        expected: readable,
        fix: "name another folder, or convert its files",
      });
    }
    const files: SourceFile[] = [];
    for (const file of paths) files.push(await inspect(file, signal));
    return files;
  }
  if (!stats.isFile() || kindOf(path) === undefined) {
    throw new DataError({
      where: path,
      found: stats.isFile() ? "a file whose name says nothing about its format" : "neither a file nor a folder",
      expected: readable,
      fix: path.endsWith(".json") ? "write one JSON object per line and name it .jsonl" : "rename or convert it",
    });
  }
  return [await inspect(path, signal)];
}

function kindOf(path: string): Pick<SourceFile, "format" | "compression"> | undefined {
  const lower = path.toLowerCase();
  const suffix = Object.keys(compressions).find((extension) => lower.endsWith(extension));
  const inner = suffix === undefined ? lower : lower.slice(0, -suffix.length);
  const extension = Object.keys(formats).find((candidate) => inner.endsWith(candidate));
  if (extension === undefined) return undefined;
  return { format: formats[extension]!, compression: suffix === undefined ? "none" : compressions[suffix]! };
}

/** @param visited real paths, so that a file linked twice is read once and a circle of links ends */
async function walk(folder: string, root: string, visited: Set<string>, found: string[]): Promise<void> {
  const entries = (await listFolder(folder)).sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    const real = await realPathOrExplain(path);
    if (real !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
      throw new DataError({
        where: path,
        found: `a link out of the folder, to ${real}`,
        expected: `files inside ${root}`,
        fix: "name that place as a source of its own, or remove the link",
      });
    }
    if (visited.has(real)) continue;
    visited.add(real);
    const stats = entry.isSymbolicLink() ? await statOrExplain(path) : entry;
    if (stats.isDirectory()) await walk(path, root, visited, found);
    else if (stats.isFile() && kindOf(path) !== undefined) found.push(path);
  }
}

async function inspect(path: string, signal?: AbortSignal): Promise<SourceFile> {
  const stats = await statOrExplain(path);
  const hash = createHash("sha256");
  if (stats.size > 0) {
    try {
      // Up to the size seen above: a file that grows meanwhile must not be read forever.
      const stream = createReadStream(path, { end: stats.size - 1, highWaterMark: 1 << 20, signal });
      for await (const chunk of stream) hash.update(chunk as Buffer);
    } catch (error) {
      throw explainReadFailure(path, error);
    }
  }
  return { path, ...kindOf(path)!, bytes: stats.size, modifiedMs: stats.mtimeMs, sha256: hash.digest("hex") };
}

async function listFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw explainReadFailure(folder, error);
  }
}

async function statOrExplain(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (error) {
    throw explainReadFailure(path, error);
  }
}

async function realPathOrExplain(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw explainReadFailure(path, error);
  }
}

const readFailures: Record<string, { found: string; fix: string }> = {
  ENOENT: { found: "nothing there", fix: "check the path; a file that vanished must be put back" },
  ENOTDIR: { found: "nothing there", fix: "check the path" },
  ELOOP: { found: "links that lead in a circle", fix: "remove one of the links" },
  EACCES: { found: "no permission to read it", fix: "give yourself read permission" },
  EPERM: { found: "no permission to read it", fix: "give yourself read permission" },
  EIO: { found: "a failing disk", fix: "copy the file from elsewhere" },
  EMFILE: { found: "too many open files", fix: "close other programs, or raise ulimit -n" },
};

/** A system error of reading as a DataError; any other error as it is. */
export function explainReadFailure(path: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  const known = code === undefined ? undefined : readFailures[code];
  if (known === undefined) return error;
  return new DataError(
    { where: path, found: known.found, expected: "a readable file or folder", fix: known.fix },
    { cause: error },
  );
}
