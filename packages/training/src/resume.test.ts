// A training without a model: everything that a resumed run depends on, together. The gradient is made up from the
// batch and the weights, so any difference in data, moments or weights shows in the end.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@myna/models";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { readLatestCheckpoint } from "./checkpoints/read-checkpoint.ts";
import { writeCheckpoint } from "./checkpoints/write-checkpoint.ts";
import type { Dataset } from "./data/dataset.ts";
import { byteDataset } from "./data/testing/byte-dataset.ts";
import { createTrainingBatches } from "./data/training-batches.ts";
import { comparableMetrics, openMetricsLog } from "./metrics/metrics-log.ts";
import { createOptimizer } from "./optimiser/optimizer.ts";
import { Random, randomStream } from "./random.ts";
import { openRun } from "./runs/run.ts";
import { learningRateAt } from "./schedule.ts";

const root = mkdtempSync(join(tmpdir(), "myna-resume-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const steps = 24;
const checkpointEvery = 4;
const schedule = { kind: "cosine", peak: 0.05, steps, warmupSteps: 3, finalShare: 0.1 } as const;

/** Trains until all steps are done, or until `dieAt` steps are: then without saving anything, as after kill -9. */
async function train(home: string, dataset: Dataset, resume: boolean, dieAt = steps): Promise<void> {
  const run = openRun({ home, name: "run", stage: "pretrain", options: { steps }, resume });
  run.begin({ seed: 1, datasetHash: dataset.hash, sources: [], tokenizerHash: "t" });
  const checkpoint = run.isResumed ? await readLatestCheckpoint(run.folder, expect.fail) : undefined;
  const parameters = [{ name: "w", shape: [3, 5], isDecayed: true }];
  const optimizer = createOptimizer({
    parameters,
    beta1: 0.9,
    beta2: 0.95,
    weightDecay: 0.1,
    clip: 1,
    accumulates: true,
  });
  const batches = createTrainingBatches(dataset, { batch: 2, time: 12, seed: 1 });
  let dropout = randomStream(1, "dropout");
  const { data: weights } = optimizer.parameters.w!;
  if (checkpoint !== undefined) {
    weights.set(readSafetensors(join(checkpoint.folder, "model.safetensors")).tensors.get("w")!.data as Float32Array);
    optimizer.importState(checkpoint.readOptimizer());
    batches.seek(checkpoint.state.data!);
    dropout = new Random(checkpoint.state.random.dropout!);
  }
  const firstStep = checkpoint?.step ?? 0;
  const log = openMetricsLog(run.metricsPath, checkpoint && { keepThrough: firstStep });
  for (let step = firstStep; step < dieAt; ) {
    for (let micro = 0; micro < 2; micro++) {
      const { tokens, targets, predicted } = batches.next()!;
      const { data } = optimizer.gradients.w!;
      for (let index = 0; index < data.length; index++) {
        data[index] = weights[index]! + Number(tokens[index]! - targets[index]!) / 300 + dropout.uniform();
      }
      optimizer.addGradients(predicted);
    }
    const learningRate = learningRateAt(step, schedule);
    const { gradientNorm } = optimizer.update({ learningRate });
    step += 1;
    const clock = { tokensPerSecond: performance.now(), secondsLeft: performance.now() };
    log.write({ type: "step", step, steps, loss: weights[0]!, learningRate, gradientNorm, ...clock });
    if (step % checkpointEvery !== 0) continue;
    log.sync();
    const random = { dropout: dropout.state };
    const state = {
      stage: "pretrain",
      step,
      random,
      data: batches.position(),
      tokenizerHash: "t",
      options: {},
    } as const;
    const writeModel = (folder: string) =>
      writeSafetensors(join(folder, "model.safetensors"), Object.entries(optimizer.parameters));
    const optimizerState = optimizer.exportState();
    await writeCheckpoint(run.folder, { state, writeModel, texts: {}, optimizer: optimizerState }, { keep: 2 });
  }
  log.close();
  run.release();
}

function resultOf(home: string) {
  const folder = join(home, "runs", "run", "checkpoints", String(steps));
  const files = ["model.safetensors", "optimizer.safetensors", "state.json"];
  return {
    metrics: comparableMetrics(readFileSync(join(home, "runs", "run", "metrics.jsonl"), "utf8")),
    files: files.map((name) => readFileSync(join(folder, name), "base64")),
  };
}

test("a run that died at any steps and was resumed ends with the bits of one that never stopped", async () => {
  const texts = Array.from({ length: 30 }, (_, index) => `text ${index} ${"ab".repeat(index % 9)}`);
  const dataset = await byteDataset(root, [{ records: texts, weight: 2 }, { records: ["one", "two", "three"] }]);
  const whole = mkdtempSync(join(root, "whole-"));
  await train(whole, dataset, false);
  const wanted = resultOf(whole);
  expect(wanted.metrics).toHaveLength(steps);
  const deaths = fc.array(fc.integer({ min: 1, max: steps }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(deaths, async (diesAt) => {
      const home = mkdtempSync(join(root, "stopped-"));
      for (const [index, dieAt] of diesAt.sort((one, other) => one - other).entries()) {
        await train(home, dataset, index > 0, dieAt);
      }
      await train(home, dataset, true);
      expect(resultOf(home)).toEqual(wanted);
    }),
    { numRuns: 12, seed: 1 },
  );
});
