/** One training step of the engine by itself: milliseconds, share of the operators. Used while optimising. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Benchmark } from "./run.ts";
import { operatorProfile } from "./support/operator-profile.ts";
import { createStepper } from "./support/stepper.ts";
import { type Style, shapes, stepFlops, styles } from "./support/training-step.ts";

const warmup = 2;

function timeSteps(
  style: Style,
  name: keyof typeof shapes,
  steps: number,
): { ms: number; loss: number; gflops: number } {
  const stepper = createStepper(style, shapes[name]);
  const times: number[] = [];
  let loss = Number.NaN;
  for (let step = 0; step < warmup + steps; step++) {
    const start = performance.now();
    loss = stepper.step();
    if (step >= warmup) times.push(performance.now() - start);
  }
  stepper.executable.release();
  const ms = Math.min(...times); // the fastest: the machine may be shared
  return { ms, loss, gflops: stepFlops(style, shapes[name]) / ms / 1e6 };
}

function printProfile(style: Style, name: keyof typeof shapes, runs: number, byShape: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), "myna-profile-"));
  try {
    const stepper = createStepper(style, shapes[name], { profilePrefix: join(folder, "step") });
    for (let step = 0; step < runs; step++) stepper.step();
    const rows = operatorProfile(stepper.executable.endProfiling(), byShape);
    const total = rows.reduce((sum, { ms }) => sum + ms, 0);
    console.error(`${style} ${name}: ${total.toFixed(1)} ms in operators`);
    for (const { operator, ms, share, count } of rows.slice(0, byShape ? 60 : 24)) {
      const columns = [ms.toFixed(2).padStart(9), `${(100 * share).toFixed(1)}%`.padStart(6), `${count}`.padStart(5)];
      console.error(`${columns.join(" ")}  ${operator}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const benchmark: Benchmark = {
  description: "one training step without a peer, with a profile by operator: [style] [shape] [steps] [--shapes]",
  async run(parameters) {
    const [style, name, steps = "5"] = parameters.filter((parameter) => !parameter.startsWith("--"));
    const results: Record<string, unknown> = {};
    for (const one of styles.filter((each) => style === undefined || each === style)) {
      for (const key of ["a", "b", "c"] as const) {
        if (name !== undefined && name !== key) continue;
        const { ms, loss, gflops } = timeSteps(one, key, Number(steps));
        results[`${one}.${key}`] = { ms: Math.round(ms * 10) / 10, loss, gflops: Math.round(gflops) };
        printProfile(one, key, Number(steps), parameters.includes("--shapes"));
      }
    }
    return results;
  },
};
