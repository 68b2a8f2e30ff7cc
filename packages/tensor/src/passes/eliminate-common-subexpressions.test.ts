import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { add, exp, multiply } from "../ops/elementwise.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { eliminateCommonSubexpressions } from "./eliminate-common-subexpressions.ts";

test("equal operations become one, whatever the order of a sum's operands", () => {
  const specs = { x: { type: "float32", shape: [2] }, y: { type: "float32", shape: [2] } } as const;
  const program = traceProgram(specs, ({ x, y }) => ({
    z: multiply(exp(multiply(add(x!, y!), 2)), exp(multiply(add(y!, x!), 2))),
  }));
  expect(printProgram(eliminateCommonSubexpressions(program))).toMatchInlineSnapshot(`
    "inputs x: f32[2], y: f32[2]
      %0: f32[2] = add(x, y)
      %1: f32[] = constant{2}()
      %2: f32[2] = multiply(%0, %1)
      %3: f32[2] = exp(%2)
      %4: f32[2] = multiply(%3, %3)
    outputs z: %4"
  `);
});

test("operations with other attributes stay apart", () => {
  const program = traceProgram({ x: { type: "float32", shape: [2] } }, ({ x }) => ({
    y: add(multiply(x!, 2), multiply(x!, 3)),
  }));
  expect(eliminateCommonSubexpressions(program).operations).toHaveLength(program.operations.length);
});
