/** Where the optimiser of a model of some size computes. */

/** WebAssembly addresses 4 GiB; a little is left for alignment. */
const arenaBytes = 2 ** 32 - 2 ** 20;
const floatBytes = 4;

export interface OptimizerChoice {
  readonly kind: "wasm" | "graph";
  /** For the log. */
  readonly note: string;
}

/**
 * WebAssembly while parameters, gradients and moments fit its 4 GiB, the compiled graph beyond.
 *
 * @param parameterCount trainable parameters
 * @param accumulates    whether a step has several micro-batches: one more copy of the gradients
 * @param replicas       sets of gradients
 */
export function chooseOptimizer(parameterCount: number, accumulates = false, replicas = 1): OptimizerChoice {
  const copies = (accumulates ? 4 : 3) + replicas;
  const bytes = parameterCount * floatBytes * copies;
  const size = `${sizeText(bytes)} for weights, gradients and moments`;
  return bytes <= arenaBytes
    ? { kind: "wasm", note: `AdamW in WebAssembly SIMD, ${size}` }
    : { kind: "graph", note: `AdamW inside the compiled graph, ${size}: more than WebAssembly's 4 GiB` };
}

const sizeText = (bytes: number) =>
  bytes < 2 ** 30 ? `${Math.max(1, Math.round(bytes / 2 ** 20))} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
