/** An optimiser's arithmetic in WebAssembly SIMD, over one arena. */

import { accumulate, adamwStep, firstNonFinite, scale, sumOfSquares, WasmArena } from "@myna/tensor";
import type { OptimizerKernels } from "./optimizer-kernels.ts";

/**
 * @param lengths of all arrays that will be allocated
 * @throws {ArenaFullError} beyond 4 GiB
 */
export function createWasmKernels(lengths: readonly number[]): OptimizerKernels {
  const arena = new WasmArena(WasmArena.bytesFor(lengths));
  return {
    kind: "wasm",
    allocate: (length) => arena.allocate(length),
    sumOfSquares,
    firstNonFinite,
    accumulate(target, source, weight) {
      // In the source itself: the next run overwrites gradients anyway, and no third array is needed.
      if (weight !== 1) scale(source, weight);
      accumulate(target, source);
    },
    adamw: adamwStep,
    release: () => arena.freeAll(),
  };
}
