/**
 * At most one training per run folder: a lock file that names its holder. The lock of a process that died without
 * releasing it is taken over.
 */

import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { RunError, systemErrorCode } from "../errors.ts";
import { makeFolder } from "../files/durable.ts";

export interface RunLock {
  release(): void;
}

const holderSchema = z.object({
  pid: z.int().min(1),
  host: z.string(),
  /** Tells a process from a later one with the same number; absent where the system does not say. */
  started: z.string().optional(),
  /** Milliseconds since 1970. */
  since: z.number(),
});

type Holder = z.infer<typeof holderSchema>;

/** Creating a lock and writing into it takes microseconds; an empty one older than this was left by a process that died. */
const unfinishedMs = 10_000;

export const lockFile = "lock";

/** @throws {RunError} if another process trains in this folder, or might */
export function lockRun(folder: string): RunLock {
  makeFolder(folder);
  const path = join(folder, lockFile);
  const { started } = processFacts(process.pid);
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    since: Date.now(),
    ...(started !== undefined && { started }),
  };
  for (let attempt = 0; !createExclusively(path, own); attempt++) {
    const holder = readHolder(path);
    if (holder === "gone") continue;
    if (holder === "unfinished" || !isDead(holder) || attempt > 10) throw inUse(folder, path, holder);
    removeIfStill(path, holder);
  }
  return {
    release() {
      const holder = readHolder(path);
      if (typeof holder === "object" && isSame(holder, own)) rmSync(path, { force: true });
    },
  };
}

/** Whether a living process holds a run's folder. */
export function isRunLocked(folder: string): boolean {
  const holder = readHolder(join(folder, lockFile));
  return holder !== "gone" && (holder === "unfinished" || !isDead(holder));
}

function createExclusively(path: string, holder: Holder): boolean {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return false;
    throw error;
  }
  try {
    writeSync(file, JSON.stringify(holder));
  } finally {
    closeSync(file);
  }
  return true;
}

/** "unfinished": created, not written yet. A lock that was never written counts as one of a dead process. */
function readHolder(path: string): Holder | "gone" | "unfinished" {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "gone";
    throw error;
  }
  const parsed = holderSchema.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  const modified = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (modified === undefined) return "gone";
  return Date.now() - modified > unfinishedMs ? { pid: deadPid, host: hostname(), since: modified } : "unfinished";
}

/** Beyond the process numbers of Linux (4,194,304), macOS and Windows alike in practice. */
const deadPid = 0x7fff_fff0;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return systemErrorCode(error) === "ESRCH";
  }
  const { started, isZombie } = processFacts(holder.pid);
  return isZombie || (holder.started !== undefined && started !== undefined && started !== holder.started);
}

/** When a process started, in the kernel's ticks since boot, and whether it only waits to be collected: Linux only. */
function processFacts(pid: number): { started: string | undefined; isZombie: boolean } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces; the state follows it, and the start is the 19th field after that.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { started: fields[19], isZombie: fields[0] === "Z" };
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return { started: undefined, isZombie: false };
  }
}

/** Removes a dead holder's lock. The guard keeps two starting processes from removing each other's fresh ones. */
function removeIfStill(path: string, dead: Holder): void {
  const guard = `${path}.guard`;
  const own: Holder = { pid: process.pid, host: hostname(), since: Date.now() };
  if (!createExclusively(guard, own)) {
    const modified = statSync(guard, { throwIfNoEntry: false })?.mtimeMs;
    if (modified !== undefined && Date.now() - modified > unfinishedMs) rmSync(guard, { force: true });
    return;
  }
  try {
    const current = readHolder(path);
    if (typeof current === "object" && isSame(current, dead)) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function isSame(one: Holder, other: Holder): boolean {
  return one.pid === other.pid && one.host === other.host && one.since === other.since;
}

function inUse(folder: string, path: string, holder: Holder | "unfinished"): RunError {
  const isElsewhere = typeof holder === "object" && holder.host !== hostname();
  const who =
    typeof holder === "object"
      ? `process ${holder.pid}${isElsewhere ? ` on ${holder.host}` : ""} since ${new Date(holder.since).toISOString()}`
      : "a process that is just starting";
  return new RunError({
    where: `run ${folder}`,
    found: `another training in it: ${who}`,
    expected: "a run that nobody else works on",
    fix: isElsewhere
      ? `stop that training or choose another --run; if that machine is gone, remove ${path}`
      : "stop that training, or choose another --run",
  });
}
