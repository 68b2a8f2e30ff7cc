/** Copies what serving needs of a checkpoint into a model folder: no optimiser, no training state. */

import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { manifestFile, optimizerFile, stateFile } from "./checkpoints/format.ts";
import { syncFolder } from "./files/durable.ts";

const trainingOnly = new Set<string>([optimizerFile, stateFile, manifestFile]);

/** Replaces `folder` as a whole: a reader sees the old model or the new one. */
export function copyModel(checkpoint: string, folder: string): void {
  const parent = dirname(folder);
  const temporary = `${folder}.writing`;
  const aside = `${folder}.replaced`;
  mkdirSync(parent, { recursive: true });
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary);
  for (const name of readdirSync(checkpoint).filter((file) => !trainingOnly.has(file))) {
    cpSync(join(checkpoint, name), join(temporary, name));
  }
  syncFolder(temporary);
  rmSync(aside, { recursive: true, force: true });
  if (existsSync(folder)) renameSync(folder, aside);
  renameSync(temporary, folder);
  syncFolder(parent);
  rmSync(aside, { recursive: true, force: true });
}
