import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { broadcastTo, reshape, transpose } from "../ops/axes.ts";
import { filled } from "../ops/constants.ts";
import { add, exp } from "../ops/elementwise.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";
import { simplifyMoves } from "./simplify-moves.ts";

test("moves that cancel go, and so do stretches that broadcasting does anyway", () => {
  const program = traceProgram(
    { x: { type: "float32", shape: [2, 3, 4] }, b: { type: "float32", shape: [4] } },
    ({ x, b }) => {
      const there = reshape(exp(reshape(reshape(x!, [24]), [6, 4])), [2, 3, 4]);
      const back = transpose(transpose(there, [2, 0, 1]), [1, 2, 0]);
      return { y: add(back, broadcastTo(b!, [2, 3, 4])) };
    },
  );
  expect(printProgram(eliminateDeadCode(simplifyMoves(program)))).toMatchInlineSnapshot(`
    "inputs x: f32[2, 3, 4], b: f32[4]
      %0: f32[6, 4] = reshape{shape=[6, 4]}(x)
      %1: f32[6, 4] = exp(%0)
      %2: f32[2, 3, 4] = reshape{shape=[2, 3, 4]}(%1)
      %3: f32[2, 3, 4] = add(%2, b)
    outputs y: %3"
  `);
});

test("a stretch that gives the result its shape stays", () => {
  const program = traceProgram({ x: { type: "float32", shape: [1] } }, ({ x }) => ({ y: add(x!, filled([5], 1)) }));
  expect(simplifyMoves(program).operations.map(({ operator }) => operator)).toEqual(["constant", "broadcastTo", "add"]);
});
