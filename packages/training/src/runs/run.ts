/**
 * A run's folder, MYNA_HOME/runs/NAME: created or resumed under a lock, described in run.json, and left as it was when
 * a training may not begin. Checkpoints and metrics inside it are written by others.
 */

import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { explainWriteFailure, RunError, systemErrorCode } from "../errors.ts";
import { replaceFile, syncFolder } from "../files/durable.ts";
import { findChangedOption } from "./changed-option.ts";
import { lockRun, type RunLock } from "./run-lock.ts";
import { gitCommit, versions } from "./versions.ts";

/** Rises when older versions could not continue a run that is written. */
export const runFormat = 1;

const runSchema = z.object({
  format: z.int(),
  name: z.string(),
  stage: z.enum(["pretrain", "sft", "reward", "ppo", "tokenizer"]),
  createdAt: z.string(),
  options: z.record(z.string(), z.unknown()),
  seed: z.int(),
  /** Folder of the checkpoint that the run began from. */
  parent: z.string().optional(),
  gitCommit: z.string().optional(),
  versions: z.record(z.string(), z.string()),
  datasetHash: z.string(),
  /** What the data were, for people. */
  sources: z.array(z.record(z.string(), z.unknown())),
  tokenizerHash: z.string(),
  templateHash: z.string().optional(),
});

export type RunDescription = z.infer<typeof runSchema>;

/** What is known once data and tokenizer are read. */
export type RunFacts = Pick<
  RunDescription,
  "seed" | "parent" | "datasetHash" | "sources" | "tokenizerHash" | "templateHash"
>;

export interface RunRequest {
  /** Absolute path of MYNA_HOME. */
  readonly home: string;
  readonly name: string;
  readonly stage: RunDescription["stage"];
  /** As given; absent ones as undefined. JSON values only. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly resume: boolean;
  /** Hashes known before the data are read: a resumed run with others is refused at once. */
  readonly texts?: Pick<RunFacts, "tokenizerHash" | "templateHash">;
  /** Options that a resumed run may change. Default `harmlessOptions`. */
  readonly mayChange?: readonly string[];
}

/** Options that change how a run is watched, saved and fed with processors, not what it learns. */
export const harmlessOptions: readonly string[] = [
  "resume",
  "run",
  "home",
  "json",
  "threads",
  "keepCheckpoints",
  "checkpointEvery",
  "evaluateEvery",
  "evaluateTokens",
  "samplePrompt",
  // Paths may move; that the documents are the same is checked by their hashes.
  "data",
  "tokenizer",
  "model",
];

export interface Run {
  readonly name: string;
  readonly folder: string;
  readonly metricsPath: string;
  /** True when run.json was there: the caller looks for a checkpoint, and begins at step 0 if there is none yet. */
  readonly isResumed: boolean;
  /**
   * Writes run.json, or compares it when resuming. To be called once, before anything else is written.
   *
   * @throws {RunError} naming data, tokenizer or template that differ from those the run was started with
   */
  begin(facts: RunFacts): RunDescription;
  /** Gives the folder free; removes it if nothing was written. */
  release(): void;
}

/**
 * @throws {RunError} if the name is no folder's name, the run exists and is not to be resumed, or the other way round; if
 *                    another training uses it; if an option that matters has changed
 */
export function openRun(request: RunRequest): Run {
  checkName(request.name);
  const folder = join(request.home, "runs", request.name);
  const isThere = existsSync(join(folder, "run.json"));
  if (request.resume && !isThere) throw nothingToResume(request, folder);
  const lock = explained(folder, () => lockRun(folder));
  try {
    return open(request, folder, lock);
  } catch (error) {
    release(folder, lock);
    throw error;
  }
}

function open(request: RunRequest, folder: string, lock: RunLock): Run {
  const { name, stage, options, resume } = request;
  const path = join(folder, "run.json");
  // Looked at again under the lock: another process may have made the run meanwhile.
  const existing = existsSync(path) ? readDescription(path) : undefined;
  if (existing !== undefined && !resume) throw existsAlready(name, folder);
  if (existing !== undefined) checkOptions(existing, request);
  if (existing !== undefined && request.texts !== undefined) checkFacts(folder, existing, request.texts);
  return {
    name,
    folder,
    metricsPath: join(folder, "metrics.jsonl"),
    isResumed: existing !== undefined,
    begin(facts) {
      if (existing !== undefined) {
        checkFacts(folder, existing, facts);
        return existing;
      }
      const commit = gitCommit();
      const description: RunDescription = {
        format: runFormat,
        name,
        stage,
        createdAt: new Date().toISOString(),
        options: JSON.parse(JSON.stringify(options)) as Record<string, unknown>,
        ...facts,
        ...(commit !== undefined && { gitCommit: commit }),
        versions: versions(),
      };
      explained(folder, () => {
        replaceFile(path, `${JSON.stringify(description, null, 2)}\n`);
        syncFolder(dirname(folder));
      });
      return description;
    },
    release: () => release(folder, lock),
  };
}

function release(folder: string, lock: RunLock): void {
  lock.release();
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  } catch (error) {
    // Another process may use or remove it by now.
    if (!["ENOENT", "ENOTEMPTY", "EEXIST"].includes(systemErrorCode(error) ?? "")) throw error;
  }
}

/** @throws {RunError} if run.json is damaged, or of a newer format */
export function readDescription(path: string): RunDescription {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof SyntaxError) && systemErrorCode(error) === undefined) throw error;
    throw damaged(path, (error as Error).message);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > runFormat) {
    throw new RunError({
      where: path,
      found: `run format ${format}`,
      expected: `at most ${runFormat}`,
      fix: "update Myna",
    });
  }
  const parsed = runSchema.safeParse(value);
  if (!parsed.success)
    throw damaged(path, `${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** @throws {RunError} if the name could not be a folder of its own everywhere */
export function checkName(name: string): void {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u.test(name) && !/[ .]$/.test(name)) return;
  throw new RunError({
    where: "run",
    found: `the name ${JSON.stringify(name)}`,
    expected: "1 to 100 letters, digits, spaces, dots, hyphens and underscores, beginning with a letter or digit",
    fix: "choose another --run",
  });
}

function checkOptions(
  existing: RunDescription,
  { stage, options, mayChange = harmlessOptions, name }: RunRequest,
): void {
  if (existing.stage !== stage) {
    throw new RunError({
      where: `run ${name}`,
      found: `a run of ${existing.stage}`,
      expected: `one of ${stage}`,
      fix: `resume it with myna ${existing.stage}, or choose another --run`,
    });
  }
  const changed = findChangedOption(existing.options, options, mayChange);
  if (changed === undefined) return;
  throw new RunError({
    where: `run ${name}, option ${changed.option}`,
    found: changed.found,
    expected: `${changed.expected}, as the run was started with`,
    fix: "leave the option as it was, or start a new run from the checkpoint",
  });
}

function checkFacts(folder: string, existing: RunDescription, facts: Partial<RunFacts>): void {
  const pairs = [
    // The data's hash depends on the tokenizer: the cause is told, not the consequence.
    ["a tokenizer", existing.tokenizerHash, facts.tokenizerHash, "use the tokenizer.json inside its checkpoints"],
    ["a chat template", existing.templateHash, facts.templateHash, "use the template inside its checkpoints"],
    ["data", existing.datasetHash, facts.datasetHash, "bring back the files as they were"],
  ] as const;
  for (const [what, expected, found, fix] of pairs) {
    if (expected === found || (what === "data" && found === undefined)) continue;
    throw new RunError({
      where: `run ${folder}`,
      found: `${what} with hash ${found?.slice(0, 12) ?? "none"}`,
      expected: `${expected?.slice(0, 12) ?? "none"}, as the run was started with`,
      fix: `${fix}, or start a new run`,
    });
  }
}

function existsAlready(name: string, folder: string): RunError {
  return new RunError({
    where: `run ${name}`,
    found: `a run of that name in ${folder}`,
    expected: "a new name, or --resume",
    fix: "add --resume to continue it, or choose another --run",
  });
}

function nothingToResume({ name, home }: RunRequest, folder: string): RunError {
  const root = join(home, "runs");
  const others = existsSync(root) ? readdirSync(root).filter((other) => existsSync(join(root, other, "run.json"))) : [];
  return new RunError({
    where: `run ${name}`,
    found: `nothing to resume in ${folder}`,
    expected:
      others.length === 0
        ? "a run that was started"
        : `a run that was started, such as ${others.slice(0, 5).join(", ")}`,
    fix: "leave --resume out to start it, or correct --run",
  });
}

function damaged(path: string, found: string): RunError {
  return new RunError({
    where: path,
    found: `no description of a run (${found})`,
    expected: "run.json as it was written",
    fix: "start a new run from its last checkpoint",
  });
}

function explained<Result>(folder: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    const reason = explainWriteFailure(error);
    if (reason === undefined) throw error;
    throw new RunError(
      { where: `run ${folder}`, found: reason.found, expected: "a folder that can be written", fix: reason.fix },
      { cause: error },
    );
  }
}
