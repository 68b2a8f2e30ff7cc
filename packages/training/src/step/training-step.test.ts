import { createDecoderConfig, decoderParameters, initialiseParameters } from "@myna/models";
import { type HostTensor, hostTensor } from "@myna/tensor";
import { expect, test } from "vitest";
import type { Batch } from "../data/batch.ts";
import { randomStream } from "../random.ts";
import { createLearner } from "./learner.ts";
import { compileEvaluationStep, compileTrainingStep, replicasFor } from "./training-step.ts";

const time = 24;
const config = createDecoderConfig("qwen3", {
  vocabulary: 40,
  width: 32,
  layers: 2,
  heads: 2,
  kvHeads: 1,
  context: time,
});
const parameters = Object.fromEntries(initialiseParameters(config, 3));

/** Rows of two documents each, with a ragged share of the targets ignored. */
function makeBatch(rows: number, seed: number): Batch {
  const random = randomStream(seed, "batch");
  const count = rows * time;
  const values = (next: (index: number) => number) => BigInt64Array.from({ length: count }, (_, i) => BigInt(next(i)));
  const targets = values((index) => (random.uniform() < (index % 7) / 10 ? -100 : random.integer(40)));
  const predicted = targets.filter((target) => target >= 0n).length;
  const cut = 11;
  return {
    ...{ batch: rows, time, predicted, filled: count, bytes: count, targets },
    tokens: values(() => random.integer(40)),
    positions: values((index) => (index % time < cut ? index % time : (index % time) - cut)),
    documents: values((index) => (index % time < cut ? 0 : 1)),
  };
}

const zeros = (): Record<string, HostTensor<"float32">> =>
  Object.fromEntries(decoderParameters(config).map(({ name, shape }) => [name, hostTensor("float32", shape)]));

/** Loss, and the sum of all gradient sets as one list. */
async function run(batch: Batch, replicas: number): Promise<{ loss: number; gradient: number[] }> {
  const sets = Array.from({ length: replicas }, zeros);
  const step = compileTrainingStep(config, parameters, sets, { batch: batch.batch, time, threads: replicas });
  const loss = await step.run(batch);
  step.release();
  const names = Object.keys(sets[0]!);
  const sum = names.flatMap((name) =>
    Array.from(sets[0]![name]!.data, (_, index) => sets.reduce((total, set) => total + set[name]!.data[index]!, 0)),
  );
  return { loss, gradient: sum };
}

/** Largest difference over the largest value. */
function relativeError(found: readonly number[], expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...found.map((value, index) => Math.abs(value - expected[index]!))) / largest;
}

test("two and four replicas give the loss and gradient of one", async () => {
  const batch = makeBatch(8, 1);
  const whole = await run(batch, 1);
  for (const replicas of [2, 4]) {
    const { loss, gradient } = await run(batch, replicas);
    expect(Math.abs(loss - whole.loss)).toBeLessThan(1e-5);
    expect(relativeError(gradient, whole.gradient)).toBeLessThan(1e-5);
  }
});

test("the training loss is the mean that evaluation measures", async () => {
  const batch = makeBatch(4, 2);
  const step = compileEvaluationStep(config, parameters, { batch: 4, time });
  const nats = await step.run(batch);
  step.release();
  expect((await run(batch, 1)).loss).toBeCloseTo(nats / batch.predicted, 5);
});

test("a batch without targets has loss and gradients of zero", async () => {
  const batch = { ...makeBatch(2, 3), targets: new BigInt64Array(2 * time).fill(-100n), predicted: 0 };
  const { loss, gradient } = await run(batch, 2);
  expect(loss).toBe(0);
  expect(gradient.every((value) => value === 0)).toBe(true);
});

test("eight accumulated micro-batches move the weights as one large batch does", async () => {
  const rows = Array.from({ length: 8 }, (_, index) => makeBatch(1, 10 + index));
  const join = (pick: (batch: Batch) => BigInt64Array<ArrayBuffer>) =>
    BigInt64Array.from(rows.flatMap((batch) => [...pick(batch)]));
  const large: Batch = {
    ...{ batch: 8, time, filled: 8 * time, bytes: 8 * time },
    predicted: rows.reduce((sum, { predicted }) => sum + predicted, 0),
    tokens: join(({ tokens }) => tokens),
    positions: join(({ positions }) => positions),
    documents: join(({ documents }) => documents),
    targets: join(({ targets }) => targets),
  };
  const learn = async (microBatch: number, accumulate: number, batches: readonly Batch[]) => {
    const options = { beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clip: 0.5, context: time, threads: 2 };
    const learner = createLearner(config, { ...options, microBatch, accumulate });
    learner.initialise(5);
    const queue = [...batches];
    const learned = await learner.learn(() => queue.shift(), 0.01);
    const weights = Object.values(learner.optimizer.parameters).flatMap(({ data }) => [...data]);
    learner.release();
    return { learned: learned!, weights };
  };
  const accumulated = await learn(1, 8, rows);
  const whole = await learn(8, 1, [large]);
  expect(accumulated.learned.predicted).toBe(whole.learned.predicted);
  expect(accumulated.learned.loss).toBeCloseTo(whole.learned.loss, 5);
  expect(accumulated.learned.gradientNorm).toBeCloseTo(whole.learned.gradientNorm, 4);
  // Adam's first step is near the sign of the gradient, so tiny gradients may differ in it by rounding alone.
  const far = accumulated.weights.filter((weight, index) => Math.abs(weight - whole.weights[index]!) > 1e-4).length;
  expect(far / whole.weights.length).toBeLessThan(1e-3);
});

test("replicas divide rows and threads and are at most four", () => {
  expect(replicasFor(8, 2)).toBe(2);
  expect(replicasFor(1, 2)).toBe(1);
  expect(replicasFor(6, 4)).toBe(2);
  expect(replicasFor(16, 16)).toBe(4);
  expect(replicasFor(9, 3)).toBe(3);
});
