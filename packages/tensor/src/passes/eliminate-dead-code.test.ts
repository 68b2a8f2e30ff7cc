import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { add, exp, log, stopGradient } from "../ops/elementwise.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";

test("what no output needs goes, and so does stopGradient", () => {
  const program = traceProgram({ x: { type: "float32", shape: [2] } }, ({ x }) => {
    log(exp(x!));
    return { y: add(stopGradient(exp(x!)), 1) };
  });
  expect(printProgram(eliminateDeadCode(program))).toMatchInlineSnapshot(`
    "inputs x: f32[2]
      %0: f32[2] = exp(x)
      %1: f32[] = constant{1}()
      %2: f32[2] = add(%0, %1)
    outputs y: %2"
  `);
});
