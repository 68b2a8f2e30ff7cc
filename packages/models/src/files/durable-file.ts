/** Writes a file so that a crash leaves the old one or the new one, never a part. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { systemErrorCode } from "./open-regular.ts";

/** As the system, which takes at most 2 GiB at once. */
const largestWrite = 2 ** 30;

/**
 * Writes the parts one after another beside `path`, syncs them, and puts them in its place.
 *
 * @throws the system's error, with nothing left behind
 */
export function writeDurably(path: string, parts: Iterable<Uint8Array>): void {
  const temporary = `${path}.new-${process.pid}`;
  try {
    const file = openSync(temporary, "w");
    try {
      for (const part of parts) {
        for (let offset = 0; offset < part.length; ) {
          offset += writeSync(file, part, offset, Math.min(largestWrite, part.length - offset));
        }
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Makes new names in a folder survive a power failure. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return; // cannot open folders, and journals their names itself
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
