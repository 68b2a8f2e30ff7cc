/** A decoder that can learn: its parameters in the optimiser's memory, with the compiled steps that read and write them. */

import {
  type DecoderConfig,
  decoderParameters,
  initialiseParameters,
  loadDecoder,
  planDecoder,
  saveDecoder,
} from "@myna/models";
import type { Checkpoint } from "../checkpoints/read-checkpoint.ts";
import type { Batch } from "../data/batch.ts";
import { DivergenceError, OptionError } from "../errors.ts";
import { chooseOptimizer } from "../optimiser/choose-optimizer.ts";
import { createOptimizer, type Optimizer } from "../optimiser/optimizer.ts";
import { compileEvaluationStep, compileTrainingStep, type EvaluationStep, replicasFor } from "./training-step.ts";

export interface LearnerOptions {
  /** Rows computed at once. */
  readonly microBatch: number;
  /** Micro-batches of one update. */
  readonly accumulate: number;
  /** Tokens of a row. */
  readonly context: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly zLoss?: number;
  readonly threads?: number;
  /** Rows hold pieces of several documents that must not see each other. Default true. */
  readonly packed?: boolean;
}

export interface Learner {
  readonly config: DecoderConfig;
  readonly optimizer: Optimizer;
  readonly evaluation: EvaluationStep;
  /** Where the optimiser computes and how much memory it takes, for the log. */
  readonly note: string;
  /** Multiplications and additions of training on one token. */
  readonly flopsPerToken: number;
  /** New weights. @param seed in [0, 2³²) */
  initialise(seed: number): void;
  /** Weights of a model folder. @throws {CheckpointError} of packages/models if they do not fit */
  loadWeights(folder: string): void;
  /** Weights and optimiser as the checkpoint left them. */
  restore(checkpoint: Checkpoint): void;
  /**
   * One update from `accumulate` batches.
   *
   * @returns mean loss over the predicted tokens, in nats, and how many there were
   * @throws {DivergenceError} if the loss or a gradient is no finite number; the parameters are unchanged then
   */
  learn(nextBatch: () => Batch | undefined, learningRate: number): Promise<LearnedStep | undefined>;
  /** Writes config.json and model.safetensors into an empty folder. */
  saveWeights(folder: string): void;
  release(): void;
}

export interface LearnedStep {
  readonly loss: number;
  readonly predicted: number;
  readonly filled: number;
  readonly gradientNorm: number;
  /** Measured now and then: it takes a pass over all weights. */
  readonly parameterNorm?: number;
}

/** Updates between two measurements of the parameters' norm. */
const parameterNormEvery = 10;

/** Compiles the steps; parameters are zeros until initialised, loaded or restored. */
export function createLearner(config: DecoderConfig, options: LearnerOptions): Learner {
  const { microBatch: batch, accumulate, context: time, zLoss, threads, packed = true } = options;
  const accumulates = accumulate > 1;
  const replicas = replicasFor(batch, threads);
  const { beta1, beta2, weightDecay, clip } = options;
  const optimizer = withinMemory(config, () =>
    createOptimizer({ parameters: decoderParameters(config), beta1, beta2, weightDecay, clip, accumulates, replicas }),
  );
  const { parameters, gradientSets } = optimizer;
  const stepOptions = {
    batch,
    time,
    packed,
    ...(zLoss !== undefined && { zLoss }),
    ...(threads !== undefined && { threads }),
  };
  const step = compileTrainingStep(config, parameters, gradientSets, stepOptions);
  const evaluation = compileEvaluationStep(config, parameters, stepOptions);
  const loadWeights = (folder: string): void => {
    loadDecoder(folder, { allocate: ({ name }) => parameters[name]!.data });
  };
  return {
    config,
    optimizer,
    evaluation,
    note: chooseOptimizer(optimizer.parameterCount, accumulates, replicas).note,
    flopsPerToken: planDecoder(config, { batch, time }).flopsPerToken.training,
    initialise: (seed) => void initialiseParameters(config, seed, ({ name }) => parameters[name]!),
    loadWeights,
    restore(checkpoint) {
      loadWeights(checkpoint.folder);
      optimizer.importState(checkpoint.readOptimizer());
    },
    async learn(nextBatch, learningRate) {
      let nats = 0;
      let predicted = 0;
      let filled = 0;
      for (let index = 0; index < accumulate; index++) {
        const next = nextBatch();
        if (next === undefined) break;
        const loss = await step.run(next);
        if (!Number.isFinite(loss)) throw divergedLoss(loss, optimizer.updates + 1);
        nats += loss * next.predicted;
        predicted += next.predicted;
        filled += next.filled;
        // The mean of an update is over its tokens, however they fall into micro-batches.
        if (accumulates && next.predicted > 0) optimizer.addGradients(next.predicted);
      }
      if (predicted === 0) return undefined;
      // By the count of updates, so that a resumed run measures at the same ones.
      const measureParameters = optimizer.updates % parameterNormEvery === 0;
      const { gradientNorm, parameterNorm } = optimizer.update({ learningRate, measureParameters });
      const measured = parameterNorm === undefined ? {} : { parameterNorm };
      return { loss: nats / predicted, predicted, filled, gradientNorm, ...measured };
    },
    saveWeights: (folder) => saveDecoder(folder, config, new Map(Object.entries(parameters))),
    release() {
      step.release();
      evaluation.release();
    },
  };
}

function divergedLoss(loss: number, step: number): DivergenceError {
  return new DivergenceError({
    where: `loss of step ${step}`,
    found: String(loss),
    expected: "a finite number",
    fix:
      step === 1
        ? "take another base model, whose weights are numbers, or a lower --learning-rate"
        : "start a new run with a lower --learning-rate or a longer --warmup; the last checkpoint is as it was",
  });
}

/** @throws {OptionError} where the system has no room for what `reserve` asks */
function withinMemory<Result>(config: DecoderConfig, reserve: () => Result): Result {
  try {
    return reserve();
  } catch (error) {
    if (!(error instanceof RangeError) || !/allocation failed|array length/i.test(error.message)) throw error;
    const parameters = decoderParameters(config).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    throw new OptionError(
      {
        where: "model",
        found: `${parameters.toLocaleString("en")} parameters`,
        expected: "a model whose weights, gradients and moments fit into memory",
        fix: "choose a smaller --depth or --width; myna plan shows what a model needs",
      },
      { cause: error },
    );
  }
}
