/** What a checkpoint keeps of an optimiser, and how it finds its way back. */

import type { HostTensor } from "@myna/tensor";
import { CheckpointError } from "../errors.ts";

export interface OptimizerState {
  /** Updates done. */
  readonly updates: number;
  /** "first_moment.NAME" and "second_moment.NAME" for each parameter, in its shape. */
  readonly tensors: Readonly<Record<string, HostTensor<"float32">>>;
}

/**
 * Copies a checkpoint's moments into live ones.
 *
 * @throws {CheckpointError} if a tensor is missing or has another shape; nothing is copied then
 */
export function loadMoments(state: OptimizerState, target: OptimizerState["tensors"]): void {
  for (const [name, { shape }] of Object.entries(target)) {
    const found = state.tensors[name];
    if (found !== undefined && found.shape.join() === shape.join()) continue;
    throw new CheckpointError({
      where: `optimizer.safetensors, tensor ${name}`,
      found: found === undefined ? "nothing" : `shape [${found.shape}]`,
      expected: `shape [${shape}], as the model has`,
      fix: "resume with the options the run was started with, or start a new run from this checkpoint's model",
    });
  }
  for (const [name, { data }] of Object.entries(target)) data.set(state.tensors[name]!.data);
}
