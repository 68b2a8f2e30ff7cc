// A lock between processes: a file that exists while somebody holds it and names the holder. A holder that died
// without releasing is noticed by its process id and replaced.

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 200;
/** Replacing a dead holder's file takes microseconds; a guard older than this was left by a process that died in it. */
const GUARD_STALE_MS = 10_000;

/**
 * Runs `work` while holding the lock, waiting for other holders first.
 *
 * @template T
 * @param {string} path of the lock file; its folder is made if missing
 * @param {() => Promise<T>} work
 * @param {(holder: { pid: number }) => void} [onWait] called once if somebody else holds the lock
 * @returns {Promise<T>}
 */
export async function withFileLock(path, work, onWait) {
  mkdirSync(dirname(path), { recursive: true });
  let hasWaited = false;
  while (!createExclusively(path)) {
    const holder = readHolder(path);
    if (holder !== undefined && isDead(holder)) {
      removeIfStill(path, holder);
      continue;
    }
    if (!hasWaited && holder !== undefined) onWait?.(holder);
    hasWaited = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function createExclusively(path) {
  let file;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  writeSync(file, JSON.stringify({ pid: process.pid, host: hostname(), since: Date.now() }));
  closeSync(file);
  return true;
}

/** The holder named in the file; undefined while the file is being written, or when it has just gone. */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error.code !== "ENOENT" && !(error instanceof SyntaxError)) throw error;
    // An empty file older than the guard's age belongs to a process that died between creating and writing it.
    if (error instanceof SyntaxError && age(path) > GUARD_STALE_MS) return { pid: 0, host: hostname(), since: 0 };
    return undefined;
  }
}

function isDead(holder) {
  if (holder.host !== hostname()) return false;
  if (holder.pid === 0) return true;
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Removes a dead holder's file. The guard keeps two waiting processes from removing each other's fresh locks. */
function removeIfStill(path, holder) {
  const guard = `${path}.guard`;
  if (!createExclusively(guard)) {
    if (age(guard) > GUARD_STALE_MS) rmSync(guard, { force: true });
    return;
  }
  const current = readHolder(path);
  if (current?.pid === holder.pid && current.since === holder.since) rmSync(path, { force: true });
  rmSync(guard, { force: true });
}

function age(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs;
}
