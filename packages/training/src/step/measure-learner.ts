/** A few real steps of a configuration on made-up tokens: speed and memory as they are, for comparison with the estimate. */

import type { DecoderConfig } from "@myna/models";
import { randomStream } from "../random.ts";
import { createLearner } from "./learner.ts";

export interface MeasuredLearner {
  readonly parameters: number;
  /** Median of the measured steps. */
  readonly tokensPerSecond: number;
  /** Growth of this process's resident memory, at its highest. */
  readonly residentBytes: number;
}

/** The first steps touch memory for the first time and are not counted. */
const warmupSteps = 2;
const measuredSteps = 5;

export async function measureLearner(
  config: DecoderConfig,
  { microBatch, context }: { readonly microBatch: number; readonly context: number },
): Promise<MeasuredLearner> {
  const before = process.memoryUsage.rss();
  const options = { microBatch, accumulate: 1, context, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clip: 1 };
  const learner = createLearner(config, options);
  try {
    learner.initialise(1);
    const random = randomStream(1, "made-up tokens");
    const count = microBatch * context;
    const draw = () => BigInt64Array.from({ length: count }, () => BigInt(random.integer(config.vocabulary)));
    const positions = BigInt64Array.from({ length: count }, (_, index) => BigInt(index % context));
    const documents = new BigInt64Array(count);
    const batch = () => ({
      ...{ batch: microBatch, time: context, predicted: count, filled: count, bytes: count },
      ...{ tokens: draw(), targets: draw(), positions, documents },
    });
    const times: number[] = [];
    let resident = 0;
    for (let step = 0; step < warmupSteps + measuredSteps; step++) {
      const next = batch();
      const started = performance.now();
      await learner.learn(() => next, 1e-4);
      if (step >= warmupSteps) times.push(performance.now() - started);
      resident = Math.max(resident, process.memoryUsage.rss() - before);
    }
    const median = times.sort((a, b) => a - b)[measuredSteps >> 1]!;
    return {
      parameters: learner.optimizer.parameterCount,
      tokensPerSecond: (count * 1000) / median,
      residentBytes: resident,
    };
  } finally {
    learner.release();
  }
}
