/**
 * A decoder's loss and gradients as one compiled program over the optimiser's memory, and its loss alone for validation.
 * Shared by the stages that learn to predict tokens; what a batch holds and when the optimiser moves is theirs.
 */

import { type DecoderConfig, decoder, nextTokenLoss, nextTokenLosses } from "@myna/models";
import {
  type Binding,
  compile,
  type Executable,
  eliminateCommonSubexpressions,
  gradientName,
  type HostTensor,
  hostTensor,
  type Program,
  sum,
  type TensorRecord,
  type TensorSpec,
  traceProgram,
  withGradients,
} from "@myna/tensor";
import type { Batch } from "../data/batch.ts";

export interface StepShape {
  /** Rows of a batch. */
  readonly batch: number;
  /** Tokens of a row. */
  readonly time: number;
}

export interface TrainingStepOptions extends StepShape {
  /** Weight of log²Z. Default 0. */
  readonly zLoss?: number;
  /** Probability of dropout. Default 0. */
  readonly dropout?: number;
  /** Rows hold pieces of several documents that must not see each other. Default true. */
  readonly packed?: boolean;
  readonly threads?: number;
}

const batchInputs = ({ batch, time }: StepShape): Record<string, TensorSpec> => ({
  tokens: { type: "int64", shape: [batch, time] },
  positions: { type: "int64", shape: [batch, time] },
  documents: { type: "int64", shape: [batch, time] },
  targets: { type: "int64", shape: [batch, time] },
});

const specsOf = (parameters: Readonly<Record<string, HostTensor>>): Record<string, TensorSpec> =>
  Object.fromEntries(Object.entries(parameters).map(([name, { type, shape }]) => [name, { type, shape }]));

function hidden(config: DecoderConfig, inputs: TensorRecord, options: TrainingStepOptions) {
  const { tokens, positions, documents, seed } = inputs;
  return decoder(config, inputs, {
    tokens: tokens!,
    ...(options.packed !== false && { positions: positions!, documents: documents! }),
    ...(seed !== undefined && { dropout: { probability: options.dropout!, seed } }),
  });
}

/** loss [] and gradient.NAME for each parameter, from tokens, positions, documents, targets [batch, time]. */
export function trainingProgram(
  config: DecoderConfig,
  parameters: Readonly<Record<string, HostTensor>>,
  options: TrainingStepOptions,
): Program {
  const { zLoss = 0, dropout = 0 } = options;
  const inputs: Record<string, TensorSpec> = { ...specsOf(parameters), ...usedInputs(options) };
  if (dropout > 0) inputs.seed = { type: "int64", shape: [] };
  const forward = traceProgram(inputs, (values) => ({
    loss: nextTokenLoss(config, values, hidden(config, values, options), values.targets!, { zLoss }),
  }));
  return withGradients(eliminateCommonSubexpressions(forward), { of: "loss", to: Object.keys(parameters) });
}

/** Rows of one document each need no positions and no document numbers. */
function usedInputs(options: TrainingStepOptions): Record<string, TensorSpec> {
  const { tokens, positions, documents, targets } = batchInputs(options);
  return options.packed === false
    ? { tokens: tokens!, targets: targets! }
    : { tokens: tokens!, positions: positions!, documents: documents!, targets: targets! };
}

export interface TrainingStep {
  /**
   * Loss and gradients of one batch; the gradients land in the tensors given.
   *
   * @param seed of this batch's dropout, in [0, 2³⁰)
   * @returns mean loss over the batch's targets, in nats
   */
  run(batch: Batch, seed?: number): Promise<number>;
  release(): void;
}

/**
 * @param parameters read in every run, so the optimiser may change them between runs
 * @param gradients  written by every run
 */
export function compileTrainingStep(
  config: DecoderConfig,
  parameters: Readonly<Record<string, HostTensor>>,
  gradients: Readonly<Record<string, HostTensor>>,
  options: TrainingStepOptions,
): TrainingStep {
  const executable = compile(trainingProgram(config, parameters, options), threadsOf(options));
  const batch = allocateInputs(executable, parameters);
  const loss = hostTensor("float32", []);
  const outputs = Object.fromEntries(Object.entries(gradients).map(([name, tensor]) => [gradientName(name), tensor]));
  const binding = executable.bind({ ...batch, ...parameters }, { ...outputs, loss });
  return {
    async run(next, seed = 0) {
      fill(batch, next, seed);
      await binding.runAsync();
      return loss.data[0]!;
    },
    release: () => releaseAll(binding, executable),
  };
}

export interface EvaluationStep {
  /** @returns sum of the losses over the batch's targets, in nats */
  run(batch: Batch): Promise<number>;
  release(): void;
}

/** The loss of a batch with the same parameters, without gradients and without dropout. */
export function compileEvaluationStep(
  config: DecoderConfig,
  parameters: Readonly<Record<string, HostTensor>>,
  options: TrainingStepOptions,
): EvaluationStep {
  const program = traceProgram({ ...specsOf(parameters), ...usedInputs(options) }, (values) => ({
    loss: sum(nextTokenLosses(config, values, hidden(config, values, options), values.targets!)),
  }));
  const executable = compile(program, threadsOf(options));
  const batch = allocateInputs(executable, parameters);
  const loss = hostTensor("float32", []);
  const binding = executable.bind({ ...batch, ...parameters }, { loss });
  return {
    async run(next) {
      fill(batch, next, 0);
      await binding.runAsync();
      return loss.data[0]!;
    },
    release: () => releaseAll(binding, executable),
  };
}

const threadsOf = ({ threads }: TrainingStepOptions) => (threads === undefined ? {} : { threads });

/** Buffers for the inputs that are not parameters. */
function allocateInputs(
  executable: Executable,
  parameters: Readonly<Record<string, HostTensor>>,
): Record<string, HostTensor<"int64">> {
  const own = [...executable.inputs.values()].filter(({ name }) => parameters[name] === undefined);
  return Object.fromEntries(own.map(({ name, shape }) => [name, hostTensor("int64", shape as readonly number[])]));
}

function fill(inputs: Readonly<Record<string, HostTensor<"int64">>>, batch: Batch, seed: number): void {
  inputs.tokens!.data.set(batch.tokens);
  inputs.targets!.data.set(batch.targets);
  inputs.positions?.data.set(batch.positions);
  inputs.documents?.data.set(batch.documents);
  inputs.seed?.data.fill(BigInt(seed));
}

function releaseAll(binding: Binding, executable: Executable): void {
  binding.release();
  executable.release();
}
