/** Training steps as the stages take them: the learner with its replicas, clipping and AdamW, over made-up tokens. */
import { planDecoder } from "@myna/models";
import { type Batch, createLearner } from "@myna/training";
import { configOf, type StepShape, type Style } from "./training-step.ts";

export interface Stepper {
  /** Multiplications and additions of one step. */
  readonly flops: number;
  /** One step; returns the loss before it. */
  step(): Promise<number>;
  release(): void;
}

const learningRate = 1e-3;

export function createStepper(style: Style, shape: StepShape, threads = 2): Stepper {
  const { batch, time, vocabulary } = shape;
  const config = configOf(style, shape);
  const learner = createLearner(config, {
    ...{ microBatch: batch, accumulate: 1, context: time, packed: false, threads },
    ...{ beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clip: 1 },
  });
  learner.initialise(1);
  const count = batch * time;
  const ids = (a: number, b: number) =>
    BigInt64Array.from({ length: count }, (_, index) => BigInt((index * a + b) % vocabulary));
  const zeros = new BigInt64Array(count);
  const made: Batch = {
    ...{ batch, time, predicted: count, filled: count, bytes: count },
    ...{ tokens: ids(7, 3), targets: ids(11, 5), positions: zeros, documents: zeros },
  };
  return {
    flops: planDecoder(config, { batch, time }).flopsPerToken.training * count,
    step: async () => (await learner.learn(() => made, learningRate))!.loss,
    release: () => learner.release(),
  };
}
