/** Opens files of a checkpoint: regular ones, inside their folder once links are followed. */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { CheckpointError } from "../errors.ts";
import { findExcess } from "./json-excess.ts";

export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function realPath(path: string, what: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const code = systemErrorCode(error);
    const isMissing = code === "ENOENT" || code === "ENOTDIR";
    throw new CheckpointError(
      {
        where: path,
        found: isMissing ? "nothing" : `a path that cannot be followed (${code ?? error})`,
        expected: what,
        fix: "check the path and its permissions",
      },
      { cause: error },
    );
  }
}

/**
 * The real path of `name` inside `folder`. A link to elsewhere in the folder is followed, one out of it refused: whoever
 * hands a checkpoint over must not choose which of our files is read.
 *
 * @param name a plain file name
 * @throws {CheckpointError} if it is missing, has a separator in it or leads out of the folder
 */
export function pathInFolder(folder: string, name: string): string {
  const refuse = (found: string, fix: string): never => {
    throw new CheckpointError({ where: join(folder, basename(name)), found, expected: "a file in this folder", fix });
  };
  if (name === "" || name === "." || name === ".." || /[/\\\0]/.test(name)) {
    refuse(`the name ${JSON.stringify(name)}`, "name files of the checkpoint without folders");
  }
  const real = realPath(join(folder, name), "a file of the checkpoint");
  const root = realPath(folder, "the checkpoint's folder");
  if (dirname(real) !== root && !real.startsWith(root.endsWith(sep) ? root : root + sep)) {
    refuse(`a link to ${real}`, "copy the checkpoint with its links resolved: cp -rL FROM TO");
  }
  return real;
}

/** @throws {CheckpointError} if the path is not a regular file or cannot be read */
export function openRegularFile(path: string): { file: number; bytes: number } {
  let file: number | undefined;
  try {
    file = openSync(realPath(path, "a file"), "r");
    const status = fstatSync(file);
    if (!status.isFile()) throw Object.assign(new Error("not a file"), { code: "not a regular file" });
    return { file, bytes: status.size };
  } catch (error) {
    if (file !== undefined) closeSync(file);
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(
      {
        where: path,
        found: `something that cannot be read (${systemErrorCode(error) ?? error})`,
        expected: "a regular file",
        fix: "check the path and its permissions",
      },
      { cause: error },
    );
  }
}

/** The system reads at most 2 GiB at once. */
const largestRead = 2 ** 30;

/** Fills `target` from the file's byte `position` on. @throws {CheckpointError} if the file ends before */
export function readExactly(file: number, target: Uint8Array, position: number, where: string): void {
  for (let offset = 0; offset < target.length; ) {
    const count = readSync(file, target, offset, Math.min(largestRead, target.length - offset), position + offset);
    if (count === 0) {
      throw new CheckpointError({
        where,
        found: "a file that became shorter while it was read",
        expected: `${target.length} bytes from byte ${position} on`,
        fix: "wait until whatever writes the file has finished",
      });
    }
    offset += count;
  }
}

const deepestJson = 32;
const mostJsonValues = 2_000_000;

/**
 * Parses a small JSON file.
 *
 * @param maximumBytes beyond which it is refused unread
 * @throws {CheckpointError} if it is missing, too long or not JSON
 */
export function readJsonFile(path: string, maximumBytes: number): unknown {
  const { file, bytes } = openRegularFile(path);
  try {
    if (bytes > maximumBytes) {
      throw new CheckpointError({
        where: path,
        found: `${bytes} bytes`,
        expected: `at most ${maximumBytes}`,
        fix: "download or copy the file again",
      });
    }
    const contents = new Uint8Array(bytes);
    readExactly(file, contents, 0, path);
    const excess = findExcess(contents, deepestJson, mostJsonValues);
    if (excess !== undefined) {
      throw new CheckpointError({
        where: path,
        found: `JSON with ${excess}`,
        expected: `at most ${deepestJson} levels and ${mostJsonValues} values`,
        fix: "download or copy the file again",
      });
    }
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(contents));
    } catch (error) {
      throw new CheckpointError(
        {
          where: path,
          found: `text that is not JSON (${(error as Error).message.slice(0, 80)})`,
          expected: "JSON in UTF-8",
          fix: "download or copy the file again",
        },
        { cause: error },
      );
    }
  } finally {
    closeSync(file);
  }
}
