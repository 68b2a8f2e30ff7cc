/**
 * The optimiser of a training stage: parameters, gradients and moments side by side in one WebAssembly memory, which the
 * compiled step reads and writes in place. Clips by the global norm, notices gradients that are no numbers, applies AdamW.
 */

import {
  type ArenaView,
  accumulate,
  adamwStep,
  firstNonFinite,
  type HostTensor,
  hostTensor,
  scale,
  sumOfSquares,
  WasmArena,
} from "@myna/tensor";
import { DivergenceError } from "../errors.ts";
import { loadMoments, type OptimizerState } from "./optimizer-state.ts";

/** A parameter to optimise: `decoderParameters` of @myna/models gives such. */
export interface OptimizedParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay shrinks it: matrices yes; norms, biases and other vectors no. */
  readonly isDecayed: boolean;
}

export interface OptimizerOptions {
  readonly parameters: readonly OptimizedParameter[];
  readonly beta1: number;
  readonly beta2: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  readonly weightDecay: number;
  /** Largest global L2 norm of the mean gradient; Infinity clips nothing. */
  readonly clip: number;
  /** Reserves the buffer that `addGradients` sums into: needed when a step has several micro-batches. Default false. */
  readonly accumulates?: boolean;
}

export interface UpdateStatistics {
  /** Global L2 norm of the mean gradient before clipping. */
  readonly gradientNorm: number;
  /** Global L2 norm of the parameters after the update, when asked for. */
  readonly parameterNorm?: number;
  /** What clipping left of the gradient, in (0, 1]. */
  readonly clipShare: number;
}

export interface Optimizer {
  /** Where it computes. */
  readonly kind: "wasm" | "graph";
  readonly parameterCount: number;
  /** Updates done, those before a resume included. */
  readonly updates: number;
  /** Read and updated in place. Zeros at first: the caller fills in initial or loaded weights. */
  readonly parameters: Readonly<Record<string, HostTensor<"float32">>>;
  /** Bind the step's gradient outputs to these; a run overwrites them. */
  readonly gradients: Readonly<Record<string, HostTensor<"float32">>>;
  /**
   * Adds the gradients of one micro-batch, in `gradients` now, to those of the step. A step of one micro-batch needs
   * no call.
   *
   * @param weight of this micro-batch in the mean, such as its predicted tokens when each loss is a mean over tokens.
   *               Default 1
   */
  addGradients(weight?: number): void;
  /**
   * One update with the weighted mean of the micro-batches added since the last one, or with `gradients` as they are.
   *
   * @throws {DivergenceError} naming the parameter, before anything changed, if a gradient is infinite or no number
   */
  update(options: { readonly learningRate: number; readonly measureParameters?: boolean }): UpdateStatistics;
  /** Moments and count for a checkpoint: views of the live arrays, to be written before the next update. */
  exportState(): OptimizerState;
  /** @throws {CheckpointError} if tensors are missing or have another shape; nothing is changed then */
  importState(state: OptimizerState): void;
}

type Tensors = Record<string, HostTensor<"float32">>;

/**
 * AdamW in WebAssembly SIMD.
 *
 * @throws {ArenaFullError} beyond 4 GiB; see `chooseOptimizer`
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101; Pascanu et al. 2013, arXiv:1211.5063 (clipping by the global norm)
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  return new WasmOptimizer(options);
}

class WasmOptimizer implements Optimizer {
  readonly kind = "wasm";
  readonly parameterCount: number;
  readonly parameters: Tensors;
  readonly gradients: Tensors;
  readonly #options: OptimizerOptions;
  readonly #firstMoments: Tensors;
  readonly #secondMoments: Tensors;
  readonly #sums: Tensors | undefined;
  /** Sum of the weights of the micro-batches added; 0: none. */
  #weight = 0;
  #updates = 0;

  constructor(options: OptimizerOptions) {
    this.#options = options;
    const lengths = options.parameters.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
    this.parameterCount = lengths.reduce((sum, length) => sum + length, 0);
    const copies = options.accumulates ? 5 : 4;
    const arena = new WasmArena(WasmArena.bytesFor(lengths) * copies);
    const allocate = (): Tensors =>
      Object.fromEntries(
        options.parameters.map(({ name, shape }, index) => [
          name,
          hostTensor("float32", shape, arena.allocate(lengths[index]!)),
        ]),
      );
    this.parameters = allocate();
    this.gradients = allocate();
    this.#firstMoments = allocate();
    this.#secondMoments = allocate();
    this.#sums = options.accumulates ? allocate() : undefined;
  }

  get updates(): number {
    return this.#updates;
  }

  addGradients(weight = 1): void {
    if (this.#sums === undefined) throw new Error("internal: addGradients without accumulates");
    for (const [name, { data }] of Object.entries(this.gradients)) {
      const sum = this.#sums[name]!.data;
      if (weight !== 1) scale(data, weight);
      if (this.#weight === 0) sum.set(data);
      else accumulate(sum, data);
    }
    this.#weight += weight;
  }

  update({ learningRate, measureParameters }: { learningRate: number; measureParameters?: boolean }): UpdateStatistics {
    const hasSums = this.#weight > 0;
    const gradients = hasSums ? this.#sums! : this.gradients;
    const meanScale = hasSums ? 1 / this.#weight : 1;
    this.#weight = 0;
    const gradientNorm = globalNorm(gradients) * meanScale;
    if (!Number.isFinite(gradientNorm)) throw this.#divergence(gradients);
    const { beta1, beta2, epsilon = 1e-8, weightDecay, clip } = this.#options;
    const clipShare = gradientNorm > clip ? clip / gradientNorm : 1;
    this.#updates += 1;
    for (const { name, isDecayed } of this.#options.parameters) {
      adamwStep({
        parameter: this.parameters[name]!.data,
        gradient: gradients[name]!.data,
        firstMoment: this.#firstMoments[name]!.data,
        secondMoment: this.#secondMoments[name]!.data,
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay: isDecayed ? weightDecay : 0,
        step: this.#updates,
        gradientScale: meanScale * clipShare,
      });
    }
    return { gradientNorm, clipShare, ...(measureParameters ? { parameterNorm: globalNorm(this.parameters) } : {}) };
  }

  exportState(): OptimizerState {
    const tensors = Object.keys(this.parameters).flatMap((name) => [
      [`first_moment.${name}`, this.#firstMoments[name]!] as const,
      [`second_moment.${name}`, this.#secondMoments[name]!] as const,
    ]);
    return { updates: this.#updates, tensors: Object.fromEntries(tensors) };
  }

  importState(state: OptimizerState): void {
    loadMoments(state, this.exportState().tensors);
    this.#updates = state.updates;
    this.#weight = 0;
  }

  #divergence(gradients: Tensors): DivergenceError {
    const step = this.#updates + 1;
    const fix =
      "resume from the last checkpoint with a lower --learning-rate or a longer --warmup; if it happens at the first step, look for damaged weights or data";
    for (const [name, { data }] of Object.entries(gradients)) {
      const index = firstNonFinite(data);
      if (index === undefined) continue;
      return new DivergenceError({
        where: `gradient of ${name} at update ${step}`,
        found: `${data[index]} at element ${index} of ${data.length}`,
        expected: "finite numbers",
        fix,
      });
    }
    return new DivergenceError({
      where: `gradients at update ${step}`,
      found: "a norm beyond what a float holds",
      expected: "a finite norm",
      fix,
    });
  }
}

function globalNorm(tensors: Tensors): number {
  let sum = 0;
  for (const { data } of Object.values(tensors)) sum += sumOfSquares(data as ArenaView);
  return Math.sqrt(sum);
}
