/** Reads checkpoints after checking every byte, and finds the newest one that is whole. */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { SafetensorsFile } from "@myna/models";
import { CheckpointError, systemErrorCode } from "../errors.ts";
import { sha256OfFile } from "../files/hash-file.ts";
import type { OptimizerState } from "../optimiser/optimizer-state.ts";
import {
  type CheckpointManifest,
  checkpointFormat,
  manifestFile,
  manifestSchema,
  optimizerFile,
  stateFile,
  stateSchema,
  type TrainingState,
} from "./format.ts";
import { bestFile, latestFile, listCheckpoints, readPointer } from "./write-checkpoint.ts";

export interface Checkpoint {
  /** Holds config.json, model.safetensors and tokenizer.json for `loadDecoder` and `Tokenizer.fromJson`. */
  readonly folder: string;
  readonly step: number;
  readonly state: TrainingState;
  /** @throws {CheckpointError} if the checkpoint has no optimiser */
  readOptimizer(): OptimizerState;
}

const fixDamaged = "remove that folder and resume from an earlier checkpoint, or copy it again from where it came from";

/**
 * Opens one checkpoint.
 *
 * @throws {CheckpointError} naming the file that is missing or changed, or a format that this version cannot read
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const manifest = readManifest(folder);
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.files)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false })?.size;
    if (found !== bytes) {
      throw damaged(path, found === undefined ? "nothing" : `${found} bytes`, `${bytes} bytes, as the manifest says`);
    }
    const actual = await sha256OfFile(path);
    if (actual === sha256) continue;
    throw damaged(path, `SHA-256 ${actual.slice(0, 12)}…`, `${sha256.slice(0, 12)}…, as the manifest says`);
  }
  const state = readState(folder, manifest);
  return { folder, step: manifest.step, state, readOptimizer: () => readOptimizer(folder, manifest) };
}

/**
 * The newest whole checkpoint of a run: the one that `latest` names, or else, with a warning, the newest that passes.
 *
 * @param onWarning told of each damaged checkpoint that is passed over
 * @returns undefined if the run has no checkpoints yet
 * @throws {CheckpointError} if there are checkpoints and none is whole, or the newest is of a newer format
 */
export async function readLatestCheckpoint(
  runFolder: string,
  onWarning: (text: string) => void,
): Promise<Checkpoint | undefined> {
  const found = listCheckpoints(runFolder);
  // Steps above `latest` were complete but not named yet when the process died: they come after it.
  const latest = readPointer(runFolder, latestFile);
  const ordered = [...found.filter(({ step }) => step === latest), ...found.filter(({ step }) => step !== latest)];
  const damagedOnes: { step: number; error: CheckpointError }[] = [];
  for (const { step, folder } of ordered) {
    try {
      const whole = await readCheckpoint(folder);
      for (const { step: passed, error } of damagedOnes) {
        onWarning(`Checkpoint ${passed} is damaged and passed over. ${error.message}`);
      }
      return whole;
    } catch (error) {
      if (!(error instanceof CheckpointError) || error instanceof NewerFormatError) throw error;
      damagedOnes.push({ step, error });
    }
  }
  if (damagedOnes.length > 0) throw damagedOnes[0]!.error;
  return undefined;
}

/** The checkpoint that `best` names, or the newest whole one. @throws as `readLatestCheckpoint` */
export async function readBestCheckpoint(
  runFolder: string,
  onWarning: (text: string) => void,
): Promise<Checkpoint | undefined> {
  const best = readPointer(runFolder, bestFile);
  const found = listCheckpoints(runFolder).find(({ step }) => step === best);
  if (found !== undefined) {
    try {
      return await readCheckpoint(found.folder);
    } catch (error) {
      if (!(error instanceof CheckpointError) || error instanceof NewerFormatError) throw error;
      onWarning(`The best checkpoint is damaged; the newest is taken. ${error.message}`);
    }
  }
  return readLatestCheckpoint(runFolder, onWarning);
}

/**
 * @throws {CheckpointError} if a checkpoint was made with another tokenizer, or for another chat template
 */
export function checkSameTokenizer(
  { folder, state }: Pick<Checkpoint, "folder" | "state">,
  expected: { tokenizerHash: string; templateHash?: string },
): void {
  const pairs = [
    ["tokenizer", state.tokenizerHash, expected.tokenizerHash],
    ["chat template", state.templateHash, expected.templateHash],
  ] as const;
  for (const [what, found, wanted] of pairs) {
    if (found === undefined || wanted === undefined || found === wanted) continue;
    throw new CheckpointError({
      where: `checkpoint ${folder}`,
      found: `${what} ${found.slice(0, 12)}…`,
      expected: `${wanted.slice(0, 12)}…, the ${what} in use`,
      fix: `use the ${what} inside that checkpoint, or start a new run with this one`,
    });
  }
}

/** Nothing to fall back from: an older program must not quietly take an older checkpoint. */
class NewerFormatError extends CheckpointError {}

function readManifest(folder: string): CheckpointManifest {
  const path = join(folder, manifestFile);
  const value = readJson(path);
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > checkpointFormat) {
    throw new NewerFormatError({
      where: path,
      found: `checkpoint format ${format}`,
      expected: `at most ${checkpointFormat}`,
      fix: "update Myna",
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw damaged(path, "a manifest of another form", "format, step and files");
  const outside = Object.keys(parsed.data.files).find((name) => /[\\/]|^\.\.?$/.test(name));
  if (outside !== undefined) throw damaged(path, `the file name ${JSON.stringify(outside)}`, "names without folders");
  if (parsed.data.files[stateFile] === undefined)
    throw damaged(path, `no ${stateFile} in it`, `${stateFile} among its files`);
  return parsed.data;
}

function readState(folder: string, manifest: CheckpointManifest): TrainingState {
  const path = join(folder, stateFile);
  const parsed = stateSchema.safeParse(readJson(path));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw damaged(path, `${issue.path.join(".") || "a value"}: ${issue.message}`, "the state of a training run");
  }
  if (parsed.data.step !== manifest.step)
    throw damaged(path, `step ${parsed.data.step}`, `${manifest.step}, as the manifest says`);
  return parsed.data;
}

function readOptimizer(folder: string, manifest: CheckpointManifest): OptimizerState {
  const path = join(folder, optimizerFile);
  if (manifest.files[optimizerFile] === undefined) {
    throw new CheckpointError({
      where: path,
      found: "nothing",
      expected: "the optimiser's moments",
      fix: "start a new run from this model: without them training cannot continue where it stopped",
    });
  }
  const file = new SafetensorsFile(path);
  try {
    const updates = Number(file.metadata.get("updates"));
    if (!Number.isSafeInteger(updates) || updates < 0)
      throw damaged(path, "no count of updates", "one in its metadata");
    const tensors = Object.fromEntries([...file.tensors.keys()].map((name) => [name, file.readFloat32(name)]));
    return { updates, tensors };
  } finally {
    file.close();
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(path, "no complete JSON", "JSON", error);
    const code = systemErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw damaged(path, "nothing", "a file of the checkpoint", error);
    throw error;
  }
}

function damaged(where: string, found: string, expected: string, cause?: unknown): CheckpointError {
  return new CheckpointError({ where, found, expected, fix: fixDamaged }, cause === undefined ? undefined : { cause });
}
