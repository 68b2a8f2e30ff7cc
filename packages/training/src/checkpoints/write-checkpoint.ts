/**
 * Writes checkpoints: everything into a temporary folder, synced, renamed to its step, and only then named in `latest`.
 * Whatever happens in between, the folder that `latest` names is complete.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { writeSafetensors } from "@myna/models";
import { CheckpointError, explainWriteFailure, systemErrorCode } from "../errors.ts";
import { replaceFile, syncFile, syncFolder, writeNewFile } from "../files/durable.ts";
import { sha256OfFile } from "../files/hash-file.ts";
import type { OptimizerState } from "../optimiser/optimizer-state.ts";
import {
  type CheckpointManifest,
  checkpointFormat,
  manifestFile,
  optimizerFile,
  stateFile,
  type TrainingState,
} from "./format.ts";

export interface CheckpointContents {
  readonly state: TrainingState;
  /** Writes config.json and the weights into an empty folder, as `saveDecoder` does. */
  readonly writeModel: (folder: string) => void | Promise<void>;
  /** Other texts by file name: tokenizer.json, tokenizer_config.json. */
  readonly texts: Readonly<Record<string, string>>;
  /** Absent where nothing is to be continued. */
  readonly optimizer?: OptimizerState;
}

export interface KeepOptions {
  /** Newest checkpoints kept; older ones are removed once the new one is complete. At least 1. */
  readonly keep: number;
  /** Step of the best checkpoint, which stays besides and is named in `best`. */
  readonly bestStep?: number;
}

const temporaryPrefix = ".writing-";
const removedPrefix = ".removing-";
/** The old folder of a step while a new one takes its place; the only copy if the process dies just then. */
const replacedPrefix = ".replaced-";

export const latestFile = "latest";
export const bestFile = "best";

/**
 * Nothing may change the weights or the optimiser until the promise is settled.
 *
 * @param runFolder the folder that holds `checkpoints`, `latest` and `best`
 * @returns the checkpoint's folder, complete on disk
 * @throws {CheckpointError} for a full disk and the like; earlier checkpoints are untouched
 */
export async function writeCheckpoint(
  runFolder: string,
  contents: CheckpointContents,
  { keep, bestStep }: KeepOptions,
): Promise<string> {
  const { step } = contents.state;
  const root = join(runFolder, "checkpoints");
  const folder = join(root, String(step));
  const temporary = join(root, `${temporaryPrefix}${step}`);
  try {
    mkdirSync(root, { recursive: true });
    recover(runFolder, root);
    mkdirSync(temporary);
    await fill(temporary, contents);
    replaceFolder(temporary, folder, root);
    replaceFile(join(runFolder, latestFile), `${step}\n`);
    if (bestStep !== undefined && existsSync(join(root, String(bestStep)))) {
      replaceFile(join(runFolder, bestFile), `${bestStep}\n`);
    }
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw explainFailure(runFolder, folder, error);
  }
  removeOld(runFolder, keep, [step, bestStep]);
  return folder;
}

/** The checkpoints in a run's folder, complete or damaged, the newest first. */
export function listCheckpoints(runFolder: string): { step: number; folder: string }[] {
  const root = join(runFolder, "checkpoints");
  if (!existsSync(root)) return [];
  const folders = new Map<number, string>();
  for (const name of readdirSync(root)) {
    const isReplaced = name.startsWith(replacedPrefix);
    const text = isReplaced ? name.slice(replacedPrefix.length) : name;
    if (!/^(0|[1-9]\d{0,14})$/.test(text)) continue;
    if (!isReplaced || !folders.has(Number(text))) folders.set(Number(text), join(root, name));
  }
  return [...folders].map(([step, folder]) => ({ step, folder })).sort((one, other) => other.step - one.step);
}

/** Step that `latest` or `best` names; undefined if the file is missing or says something else. */
export function readPointer(runFolder: string, name: string): number | undefined {
  try {
    const text = readFileSync(join(runFolder, name), "utf8").trim();
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function fill(folder: string, contents: CheckpointContents): Promise<void> {
  await contents.writeModel(folder);
  for (const [name, text] of Object.entries(contents.texts)) writeNewFile(join(folder, name), text);
  if (contents.optimizer !== undefined) {
    const { tensors, updates } = contents.optimizer;
    writeSafetensors(join(folder, optimizerFile), Object.entries(tensors), { updates: String(updates) });
  }
  writeNewFile(join(folder, stateFile), `${JSON.stringify(contents.state, null, 2)}\n`);
  const files: CheckpointManifest["files"] = {};
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    syncFile(path);
    files[name] = { bytes: statSync(path).size, sha256: await sha256OfFile(path) };
  }
  const manifest: CheckpointManifest = { format: checkpointFormat, step: contents.state.step, files };
  writeNewFile(join(folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  syncFolder(folder);
}

/** A run that went back to an earlier checkpoint comes by its later steps again: the old folder makes room. */
function replaceFolder(temporary: string, folder: string, root: string): void {
  const aside = join(root, `${replacedPrefix}${basename(folder)}`);
  if (existsSync(folder)) renameSync(folder, aside);
  renameSync(temporary, folder);
  syncFolder(root);
  rmSync(aside, { recursive: true, force: true });
}

/** Puts right what a killed process left; the run's lock keeps others out of here. */
function recover(runFolder: string, root: string): void {
  for (const name of readdirSync(runFolder)) {
    if (/^(latest|best)\.new-\d+$/.test(name)) rmSync(join(runFolder, name), { force: true });
  }
  for (const name of readdirSync(root)) {
    const path = join(root, name);
    if (name.startsWith(replacedPrefix)) {
      const folder = join(root, name.slice(replacedPrefix.length));
      if (existsSync(folder)) rmSync(path, { recursive: true, force: true });
      else renameSync(path, folder);
    }
    const isLeftover = name.startsWith(temporaryPrefix) || name.startsWith(removedPrefix);
    if (isLeftover) rmSync(path, { recursive: true, force: true });
  }
}

/** Renamed first, so that no half-removed folder looks like a checkpoint. */
function removeOld(runFolder: string, keep: number, always: readonly (number | undefined)[]): void {
  for (const { step, folder } of listCheckpoints(runFolder).slice(Math.max(1, keep))) {
    if (always.includes(step)) continue;
    const aside = join(runFolder, "checkpoints", `${removedPrefix}${step}`);
    renameSync(folder, aside);
    rmSync(aside, { recursive: true, force: true });
  }
}

function explainFailure(runFolder: string, folder: string, error: unknown): unknown {
  const reason = explainWriteFailure(error);
  if (reason === undefined) return error;
  const last = readPointer(runFolder, latestFile);
  const good =
    last === undefined
      ? "There is no earlier checkpoint"
      : `The last good checkpoint is ${join(runFolder, "checkpoints", String(last))}`;
  return new CheckpointError(
    {
      where: `checkpoint ${folder}`,
      found: reason.found,
      expected: "room to write model and optimiser",
      fix: `${reason.fix}, then continue with --resume. ${good}`,
    },
    { cause: error },
  );
}
