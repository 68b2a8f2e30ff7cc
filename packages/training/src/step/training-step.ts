/**
 * A decoder's loss and gradients as one compiled program over the optimiser's memory, and its loss alone for validation.
 * Shared by the stages that learn to predict tokens; what a batch holds and when the optimiser moves is theirs.
 */

import { type DecoderConfig, decoder, nextTokenLosses } from "@myna/models";
import {
  type Binding,
  compile,
  type Executable,
  eliminateCommonSubexpressions,
  gradientName,
  type HostTensor,
  hostTensor,
  multiply,
  openRuntime,
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

/**
 * loss [] and gradient.NAME for each parameter, from tokens, positions, documents, targets [batch, time] and `weight`: the
 * loss is the sum over the batch's targets times `weight`, one over the targets of all replicas together.
 */
export function trainingProgram(
  config: DecoderConfig,
  parameters: Readonly<Record<string, HostTensor>>,
  options: TrainingStepOptions,
): Program {
  const { zLoss = 0, dropout = 0 } = options;
  const inputs: Record<string, TensorSpec> = { ...specsOf(parameters), ...usedInputs(options) };
  inputs.weight = { type: "float32", shape: [] };
  if (dropout > 0) inputs.seed = { type: "int64", shape: [] };
  const forward = traceProgram(inputs, (values) => ({
    loss: multiply(
      sum(nextTokenLosses(config, values, hidden(config, values, options), values.targets!, { zLoss })),
      values.weight!,
    ),
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
 * With several sets of gradients the batch is cut into as many slices, each run on threads of its own beside the others:
 * a core that works on rows of its own never waits for another between two operators (7–8 % faster on two cores; docs/log.md).
 *
 * @param parameters   read in every run, so the optimiser may change them between runs
 * @param gradientSets written by every run; their sum is the gradient. As many as divide the batch
 */
export function compileTrainingStep(
  config: DecoderConfig,
  parameters: Readonly<Record<string, HostTensor>>,
  gradientSets: readonly Readonly<Record<string, HostTensor>>[],
  options: TrainingStepOptions,
): TrainingStep {
  const count = gradientSets.length;
  const rows = options.batch / count;
  const threads = replicaThreads(options, count);
  const program = trainingProgram(config, parameters, { ...options, batch: rows });
  const replicas = gradientSets.map((gradients, index) => {
    const executable = compile(program, threads);
    const inputs = allocateInputs(executable, parameters);
    const weight = hostTensor("float32", []);
    const loss = hostTensor("float32", []);
    const outputs = Object.fromEntries(Object.entries(gradients).map(([name, tensor]) => [gradientName(name), tensor]));
    const binding = executable.bind({ ...parameters, ...inputs, weight }, { ...outputs, loss });
    return { executable, inputs, weight, loss, binding, first: index * rows * options.time };
  });
  return {
    async run(next, seed = 0) {
      for (const [index, { inputs, weight, first }] of replicas.entries()) {
        fill(inputs, next, { first, count: rows * options.time, seed: (seed + index * 0x1000_0001) % 2 ** 30 });
        weight.data[0] = 1 / Math.max(1, next.predicted);
      }
      await Promise.all(replicas.map(({ binding }) => binding.runAsync()));
      return replicas.reduce((sum, { loss }) => sum + loss.data[0]!, 0);
    },
    release() {
      for (const { binding, executable } of replicas) releaseAll(binding, executable);
    },
  };
}

/** A replica's share of the threads: a pool of its own, or the shared one when there is no other replica. */
function replicaThreads({ threads }: TrainingStepOptions, count: number): { threads?: number } {
  if (count === 1) return threads === undefined ? {} : { threads };
  return { threads: Math.max(1, Math.floor((threads ?? openRuntime().sharedThreads) / count)) };
}

/** Beyond four sets of gradients their memory outweighs what they save. */
const mostReplicas = 4;

/**
 * How many replicas a step of so many rows may have here: a divisor of rows and threads.
 *
 * @param threads default: those of the shared pool
 */
export function replicasFor(rows: number, threads?: number): number {
  const runtime = openRuntime();
  if (runtime.kind !== "c-api") return 1; // runs there block each other
  const available = threads ?? runtime.sharedThreads;
  let count = Math.max(1, Math.min(mostReplicas, rows, available));
  while (rows % count !== 0 || available % count !== 0) count -= 1;
  return count;
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
      fill(batch, next, { first: 0, count: next.tokens.length, seed: 0 });
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
  const own = [...executable.inputs.values()].filter(({ name, type }) => type === "int64" && !(name in parameters));
  return Object.fromEntries(own.map(({ name, shape }) => [name, hostTensor("int64", shape as readonly number[])]));
}

/** Copies `count` tokens of a batch, from the token `first` on. */
function fill(
  inputs: Readonly<Record<string, HostTensor<"int64">>>,
  batch: Batch,
  { first, count, seed }: { first: number; count: number; seed: number },
): void {
  const part = (values: BigInt64Array<ArrayBuffer>) => values.subarray(first, first + count);
  inputs.tokens!.data.set(part(batch.tokens));
  inputs.targets!.data.set(part(batch.targets));
  inputs.positions?.data.set(part(batch.positions));
  inputs.documents?.data.set(part(batch.documents));
  inputs.seed?.data.fill(BigInt(seed));
}

function releaseAll(binding: Binding, executable: Executable): void {
  binding.release();
  executable.release();
}
