import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { filled, iota } from "../ops/constants.ts";
import { add, cast, multiply, negate } from "../ops/elementwise.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";
import { foldConstants } from "./fold-constants.ts";

test("constants are computed once; one number stretched to many stays a stretch", () => {
  const program = traceProgram({ x: { type: "float32", shape: [100, 3] } }, ({ x }) => {
    const table = negate(cast(multiply(iota(3), iota(3)), "float32"));
    return { y: add(add(x!, table), filled([100, 3], 2)) };
  });
  expect(printProgram(eliminateDeadCode(foldConstants(program)))).toMatchInlineSnapshot(`
    "inputs x: f32[100, 3]
      %0: f32[3] = constant{0, -1, -4}()
      %1: f32[100, 3] = add(x, %0)
      %2: f32[] = constant{2}()
      %3: f32[100, 3] = broadcastTo{shape=[100, 3]}(%2)
      %4: f32[100, 3] = add(%1, %3)
    outputs y: %4"
  `);
});

test("results beyond the limit are not kept", () => {
  const program = traceProgram({}, () => ({ y: negate(cast(iota(1000), "float32")) }));
  expect(foldConstants(program, 999).operations.map(({ operator }) => operator)).toEqual([
    "constant",
    "cast",
    "negate",
  ]);
});
