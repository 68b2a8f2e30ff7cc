/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */
import { type ErrorDetails, ExplainedError } from "@myna/tensor";

export type { ErrorDetails };

/** Base of this package's errors. */
export class TrainingError extends ExplainedError {}

/** A data file or one of its lines. */
export class DataError extends TrainingError {}

/** A checkpoint that cannot be written, read or continued. */
export class CheckpointError extends TrainingError {}

/** A run folder that is in use, exists already, or does not fit the options. */
export class RunError extends TrainingError {}

/** Options that contradict each other or the model. */
export class OptionError extends TrainingError {}

/** Loss or gradients that are no longer numbers. */
export class DivergenceError extends TrainingError {}

/** Node's code of a system error: "ENOENT", "ENOSPC"; undefined for any other value. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return error.code;
}

/** The file of a system error, if it names one. */
export function systemErrorPath(error: unknown): string | undefined {
  return error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : undefined;
}

const writeFailures: Record<string, { found: string; fix: string }> = {
  ENOSPC: { found: "a full disk", fix: "free some space" },
  EDQUOT: { found: "an exhausted disk quota", fix: "free some space or raise the quota" },
  EROFS: { found: "a read-only file system", fix: "set MYNA_HOME to a folder that can be written" },
  EACCES: {
    found: "no permission to write",
    fix: "give yourself write permission, or set MYNA_HOME to another folder",
  },
  EPERM: { found: "no permission to write", fix: "give yourself write permission, or set MYNA_HOME to another folder" },
  EMFILE: { found: "too many open files", fix: "close other programs, or raise ulimit -n" },
  ENFILE: { found: "too many open files", fix: "close other programs" },
  EIO: { found: "a failing disk", fix: "check the disk, or set MYNA_HOME to another one" },
  ENOENT: { found: "a folder that vanished", fix: "leave MYNA_HOME alone while training runs" },
  ENOTDIR: { found: "a file where a folder belongs", fix: "move that file away" },
  EEXIST: { found: "a file where a folder belongs", fix: "move that file away" },
  EFBIG: { found: "a file larger than the file system allows", fix: "set MYNA_HOME to another file system" },
  ENAMETOOLONG: { found: "a path longer than the file system allows", fix: "choose a shorter name" },
};

/** What a failed write means to a person; undefined when it is no system error that we know. */
export function explainWriteFailure(error: unknown): { found: string; fix: string } | undefined {
  const code = systemErrorCode(error);
  const known = code === undefined ? undefined : writeFailures[code];
  if (known === undefined) return undefined;
  const path = systemErrorPath(error);
  return { found: path === undefined ? known.found : `${known.found} (${code} at ${path})`, fix: known.fix };
}
