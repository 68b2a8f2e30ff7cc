/** Writing so that a crash at any instant leaves the old state or the new one, never a mixture. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "../errors.ts";

/** Makes a file's contents survive a power failure. */
export function syncFile(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes names in a folder survive a power failure: renames and new files are not durable before. */
export function syncFolder(path: string): void {
  // Windows cannot open folders, and journals their names itself.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    // Some network file systems refuse to sync folders; there is nothing more to be done on them.
    if (systemErrorCode(error) !== "EINVAL") throw error;
  } finally {
    closeSync(folder);
  }
}

/** Makes a folder and those above it. @throws the system's error, EROFS and EACCES included */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    // On a read-only file system Node says ENOENT for folders made together; the first of them, made alone, says why.
    if (systemErrorCode(error) !== "ENOENT") throw error;
    let first = path;
    while (!existsSync(dirname(first))) first = dirname(first);
    mkdirSync(first);
    mkdirSync(path, { recursive: true });
  }
}

/** Writes a new file and syncs it. @throws the system's error; the half-written file stays for the caller to remove */
export function writeNewFile(path: string, contents: string | Uint8Array): void {
  const bytes = typeof contents === "string" ? Buffer.from(contents, "utf8") : contents;
  const file = openSync(path, "w");
  try {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Replaces a file's contents at once: readers see the old ones or the new ones. @throws the system's error */
export function replaceFile(path: string, contents: string | Uint8Array): void {
  const temporary = `${path}.new-${process.pid}`;
  try {
    writeNewFile(temporary, contents);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}
