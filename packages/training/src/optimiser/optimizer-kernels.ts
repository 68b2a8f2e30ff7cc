/** The arithmetic that an optimiser needs, wherever it is done, over arrays that it allocates itself. */

import type { AdamWStep } from "@myna/tensor";

export type Floats = Float32Array<ArrayBuffer>;

export interface OptimizerKernels {
  readonly kind: "wasm" | "graph";
  /** Zeros. */
  allocate(length: number): Floats;
  /** NaN or Infinity if an element is, or if the sum is too large. */
  sumOfSquares(x: Floats): number;
  /** Index of the first element that is infinite or no number; undefined when all are finite. */
  firstNonFinite(x: Floats): number | undefined;
  /** target += weight · source */
  accumulate(target: Floats, source: Floats, weight: number): void;
  /** One step of AdamW in place: arXiv:1711.05101, algorithm 2. */
  adamw(step: AdamWStep): void;
  release(): void;
}
