import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { exp } from "../ops/elementwise.ts";
import { linearCrossEntropy } from "../ops/losses.ts";
import { sum } from "../ops/reductions.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { withGradients } from "./gradient.ts";
import { estimatePeakBytes } from "./lifetimes.ts";
import { optimise } from "./optimise.ts";
import { schedule } from "./schedule.ts";

const float = (...shape: number[]) => ({ type: "float32", shape }) as const;

test("a large value is used up before the next is made", () => {
  const program = traceProgram({ x: float(200, 200), y: float(200, 200) }, ({ x, y }) => {
    const [a, b] = [exp(x!), exp(y!)];
    return { a: sum(a), b: sum(b) };
  });
  expect(printProgram(schedule(program))).toMatchInlineSnapshot(`
    "inputs x: f32[200, 200], y: f32[200, 200]
      %0: f32[200, 200] = exp(x)
      %1: f32[] = reduceSum{axes=[0, 1], keepDimensions=false}(%0)
      %2: f32[200, 200] = exp(y)
      %3: f32[] = reduceSum{axes=[0, 1], keepDimensions=false}(%2)
    outputs a: %1, b: %3"
  `);
  expect(estimatePeakBytes(program)).toBe(320_000);
  expect(estimatePeakBytes(schedule(program))).toBe(160_000);
});

test("the vocabulary head's residues never live at one time", () => {
  const specs = { h: float(256, 32), w: float(1000, 32), t: { type: "int64", shape: [256] } } as const;
  const forward = traceProgram(specs, ({ h, w, t }) => ({ loss: sum(linearCrossEntropy(h!, w!, t!, { chunk: 32 })) }));
  const program = optimise(withGradients(forward, { of: "loss", to: ["h", "w"] }));
  const [oneBlock, hidden] = [32 * 1000 * 4, 256 * 32 * 4]; // a block is as large as the weight's gradient
  expect(estimatePeakBytes(program)).toBeLessThan(6 * oneBlock + 3 * hidden); // all residues alone are 8 blocks
});
