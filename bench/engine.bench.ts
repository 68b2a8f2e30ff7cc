/** One training step of the engine by itself: milliseconds, share of the operators. Used while optimising. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initialiseParameters } from "@myna/models";
import { compile, hostTensor } from "@myna/tensor";
import { trainingProgram } from "@myna/training";
import type { Benchmark } from "./run.ts";
import { operatorProfile } from "./support/operator-profile.ts";
import { createStepper } from "./support/stepper.ts";
import { configOf, type Style, shapes, styles } from "./support/training-step.ts";

const warmup = 2;

async function timeSteps(
  style: Style,
  name: keyof typeof shapes,
  steps: number,
): Promise<{ ms: number; loss: number; gflops: number }> {
  const stepper = createStepper(style, shapes[name]);
  const times: number[] = [];
  let loss = Number.NaN;
  for (let step = 0; step < warmup + steps; step++) {
    const start = performance.now();
    loss = await stepper.step();
    if (step >= warmup) times.push(performance.now() - start);
  }
  stepper.release();
  const ms = Math.min(...times); // the fastest: the machine may be shared
  return { ms, loss, gflops: stepper.flops / ms / 1e6 };
}

/** The operators of one replica, on one thread. */
function printProfile(style: Style, name: keyof typeof shapes, runs: number, byShape: boolean): void {
  const folder = mkdtempSync(join(tmpdir(), "myna-profile-"));
  const { batch, time } = shapes[name];
  const config = configOf(style, shapes[name]);
  const parameters = Object.fromEntries(initialiseParameters(config, 1));
  try {
    const program = trainingProgram(config, parameters, { batch: batch / 2, time, packed: false });
    const executable = compile(program, { threads: 1, profilePrefix: join(folder, "step") });
    const own = [...executable.inputs.values()].filter((input) => !(input.name in parameters));
    const inputs = Object.fromEntries(
      own.map((input) => [input.name, hostTensor(input.type, input.shape as number[])]),
    );
    const binding = executable.bind({ ...parameters, ...inputs }, executable.allocateOutputs());
    for (let step = 0; step < runs; step++) binding.run();
    const rows = operatorProfile(executable.endProfiling(), byShape);
    const total = rows.reduce((sum, { ms }) => sum + ms, 0);
    console.error(`${style} ${name}: ${total.toFixed(1)} ms in operators`);
    for (const { operator, ms, share, count } of rows.slice(0, byShape ? 60 : 24)) {
      const columns = [ms.toFixed(2).padStart(9), `${(100 * share).toFixed(1)}%`.padStart(6), `${count}`.padStart(5)];
      console.error(`${columns.join(" ")}  ${operator}`);
    }
    binding.release();
    executable.release();
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
        const { ms, loss, gflops } = await timeSteps(one, key, Number(steps));
        results[`${one}.${key}`] = { ms: Math.round(ms * 10) / 10, loss, gflops: Math.round(gflops) };
        printProfile(one, key, Number(steps), parameters.includes("--shapes"));
      }
    }
    return results;
  },
};
