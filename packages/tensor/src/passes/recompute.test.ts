import { expect, test } from "vitest";
import { attention } from "../ops/attention.ts";
import { swiGlu } from "../ops/elementwise.ts";
import { mergeHeads, splitHeads } from "../ops/heads.ts";
import { linear } from "../ops/linear-algebra.ts";
import { rmsNorm } from "../ops/normalisation.ts";
import { mean } from "../ops/reductions.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { randomFloats, relativeError } from "../rules/onnx/against-evaluator.ts";
import type { Tensor } from "../trace/tensor.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { withGradients } from "./gradient.ts";
import { estimatePeakBytes } from "./lifetimes.ts";
import { optimise } from "./optimise.ts";

const float = (...shape: number[]) => ({ type: "float32", shape }) as const;
const specs = { x: float(1, 32, 8), w: float(8, 8), up: float(32, 8), down: float(8, 32), g: float(8) };

function layers(x: Tensor, p: Readonly<Record<string, Tensor>>, count: number): Tensor {
  let y = x;
  for (let layer = 0; layer < count; layer++) {
    const h = splitHeads(linear(rmsNorm(y, p.g!, 1e-6), p.w!), 4);
    y = linear(mergeHeads(attention(h, h, h, { causal: true, chunk: 16 })), p.w!, { residual: y });
    const hidden = linear(rmsNorm(y, p.g!, 1e-6), p.up!);
    y = linear(swiGlu(hidden, hidden), p.down!, { residual: y });
  }
  return y;
}

const step = withGradients(
  traceProgram(specs, ({ x, ...p }) => ({ loss: mean(layers(x!, p, 4)) })),
  { of: "loss", to: Object.keys(specs) },
);

test("with half the memory a step computes cheap values again, and gives the same gradients", () => {
  const kept = optimise(step);
  const budget = 0.5 * estimatePeakBytes(kept);
  const recomputed = optimise(step, { memoryBudgetBytes: budget });
  expect(estimatePeakBytes(recomputed)).toBeLessThanOrEqual(budget);
  expect(recomputed.operations.length).toBeGreaterThan(kept.operations.length);
  const products = (program: typeof kept) => program.operations.filter(({ operator }) => operator === "gemm").length;
  expect(products(recomputed)).toBe(products(kept));
  const floats = randomFloats(1);
  const inputs = Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, floats(shape)]));
  const expected = evaluateProgram(step, inputs);
  const found = evaluateProgram(recomputed, inputs);
  for (const [name, { data }] of Object.entries(expected)) {
    expect(relativeError(found[name]!.data, data), name).toBeLessThan(1e-6);
  }
});

test("an impossible budget gives the smallest program found and not an error", () => {
  const least = estimatePeakBytes(optimise(step, { memoryBudgetBytes: 1 }));
  expect(least).toBeLessThan(0.5 * estimatePeakBytes(optimise(step)));
});
