/**
 * The optimiser of a training stage: parameters, gradients and moments in memory that the compiled step reads and writes in
 * place. Clips by the global norm, notices gradients that are no numbers, applies AdamW. The arithmetic is in
 * wasm-kernels.ts and graph-kernels.ts.
 */

import { type HostTensor, hostTensor } from "@myna/tensor";
import { DivergenceError } from "../errors.ts";
import { chooseOptimizer } from "./choose-optimizer.ts";
import { createGraphKernels } from "./graph-kernels.ts";
import type { OptimizerKernels } from "./optimizer-kernels.ts";
import { loadMoments, type OptimizerState } from "./optimizer-state.ts";
import { createWasmKernels } from "./wasm-kernels.ts";

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
  /** Sets of gradients: one for each replica of the step that runs beside the others. Default 1. */
  readonly replicas?: number;
  /** Where it computes. Default: as `chooseOptimizer` says. */
  readonly kind?: "wasm" | "graph";
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
  /** Bind the step's gradient outputs to these; a run overwrites them. The first of `gradientSets`. */
  readonly gradients: Readonly<Record<string, HostTensor<"float32">>>;
  /** One for each replica; their sum is the gradient. */
  readonly gradientSets: readonly Readonly<Record<string, HostTensor<"float32">>>[];
  /**
   * Adds the gradients of one micro-batch, in `gradientSets` now, to those of the step. A step of one micro-batch needs
   * no call.
   *
   * @param weight of this micro-batch in the mean, such as its predicted tokens when each loss is a mean over tokens.
   *               Default 1
   */
  addGradients(weight?: number): void;
  /**
   * One update with the weighted mean of the micro-batches added since the last one, or with the gradients as they are.
   *
   * @throws {DivergenceError} naming the parameter, before anything changed, if a gradient is infinite or no number
   */
  update(options: { readonly learningRate: number; readonly measureParameters?: boolean }): UpdateStatistics;
  /** Moments and count for a checkpoint: views of the live arrays, to be written before the next update. */
  exportState(): OptimizerState;
  /** @throws {CheckpointError} if tensors are missing or have another shape; nothing is changed then */
  importState(state: OptimizerState): void;
  /** Frees compiled programs; the arrays must not be used afterwards. */
  release(): void;
}

type Tensors = Record<string, HostTensor<"float32">>;

/**
 * AdamW.
 *
 * @throws {ArenaFullError} if `kind` is "wasm" and the arrays take more than 4 GiB
 * @see Loshchilov and Hutter 2019, arXiv:1711.05101; Pascanu et al. 2013, arXiv:1211.5063 (clipping by the global norm)
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  const { parameters, accumulates, beta1, beta2, epsilon = defaultEpsilon, replicas = 1 } = options;
  const lengths = parameters.map(({ shape }) => elementCount(shape));
  const parameterCount = lengths.reduce((sum, length) => sum + length, 0);
  const { kind } =
    options.kind === undefined ? chooseOptimizer(parameterCount, accumulates, replicas) : { kind: options.kind };
  const copies = (accumulates ? 4 : 3) + replicas;
  const kernels =
    kind === "wasm"
      ? createWasmKernels(Array<number[]>(copies).fill(lengths).flat())
      : createGraphKernels({ beta1, beta2, epsilon });
  return new AdamW(options, parameterCount, kernels);
}

const defaultEpsilon = 1e-8;

const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

class AdamW implements Optimizer {
  readonly kind: Optimizer["kind"];
  readonly parameterCount: number;
  readonly parameters: Tensors;
  readonly gradientSets: readonly Tensors[];
  readonly #options: OptimizerOptions;
  readonly #kernels: OptimizerKernels;
  readonly #firstMoments: Tensors;
  readonly #secondMoments: Tensors;
  readonly #sums: Tensors | undefined;
  /** Sum of the weights of the micro-batches added; 0: none. */
  #weight = 0;
  #updates = 0;

  constructor(options: OptimizerOptions, parameterCount: number, kernels: OptimizerKernels) {
    this.kind = kernels.kind;
    this.parameterCount = parameterCount;
    this.#options = options;
    this.#kernels = kernels;
    const allocate = (): Tensors =>
      Object.fromEntries(
        options.parameters.map(({ name, shape }) => [
          name,
          hostTensor("float32", shape, kernels.allocate(elementCount(shape))),
        ]),
      );
    this.parameters = allocate();
    this.gradientSets = Array.from({ length: options.replicas ?? 1 }, allocate);
    this.#firstMoments = allocate();
    this.#secondMoments = allocate();
    this.#sums = options.accumulates ? allocate() : undefined;
  }

  get updates(): number {
    return this.#updates;
  }

  get gradients(): Tensors {
    return this.gradientSets[0]!;
  }

  addGradients(weight = 1): void {
    if (this.#sums === undefined) throw new Error("internal: addGradients without accumulates");
    for (const [name, { data }] of Object.entries(this.#sums)) {
      if (this.#weight === 0) data.fill(0);
      for (const gradients of this.gradientSets) this.#kernels.accumulate(data, gradients[name]!.data, weight);
    }
    this.#weight += weight;
  }

  /** The gradients of all replicas, added up in the first one's place. */
  #mergeReplicas(): Tensors {
    const [first, ...others] = this.gradientSets as [Tensors, ...Tensors[]];
    for (const gradients of others) {
      for (const [name, { data }] of Object.entries(first)) this.#kernels.accumulate(data, gradients[name]!.data, 1);
    }
    return first;
  }

  update({ learningRate, measureParameters }: { learningRate: number; measureParameters?: boolean }): UpdateStatistics {
    const hasSums = this.#weight > 0;
    const gradients = hasSums ? this.#sums! : this.#mergeReplicas();
    const meanScale = hasSums ? 1 / this.#weight : 1;
    this.#weight = 0;
    const gradientNorm = this.#globalNorm(gradients) * meanScale;
    if (!Number.isFinite(gradientNorm)) throw this.#divergence(gradients);
    const { beta1, beta2, epsilon = defaultEpsilon, weightDecay, clip } = this.#options;
    const clipShare = gradientNorm > clip ? clip / gradientNorm : 1;
    this.#updates += 1;
    for (const { name, isDecayed } of this.#options.parameters) {
      this.#kernels.adamw({
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
    return {
      gradientNorm,
      clipShare,
      ...(measureParameters ? { parameterNorm: this.#globalNorm(this.parameters) } : {}),
    };
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

  release(): void {
    this.#kernels.release();
  }

  #divergence(gradients: Tensors): DivergenceError {
    const step = this.#updates + 1;
    const fix =
      "start a new run with a lower --learning-rate or a longer --warmup; if it happens at the first step, look for damaged weights or data";
    for (const [name, { data }] of Object.entries(gradients)) {
      const index = this.#kernels.firstNonFinite(data);
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

  #globalNorm(tensors: Tensors): number {
    let sum = 0;
    for (const { data } of Object.values(tensors)) sum += this.#kernels.sumOfSquares(data);
    return Math.sqrt(sum);
  }
}
