import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { multiply } from "../ops/elementwise.ts";
import { matMul } from "../ops/linear-algebra.ts";
import { mean, sum } from "../ops/reductions.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { contractReductions } from "./contract-reductions.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";

const float = (...shape: number[]) => ({ type: "float32", shape }) as const;

test("the mean of rows weighted by one vector becomes a product with a column", () => {
  const program = traceProgram({ x: float(2, 3, 4), w: float(4) }, ({ x, w }) => ({
    y: mean(multiply(x!, w!), { axes: [-1], keepDimensions: true }),
  }));
  expect(printProgram(eliminateDeadCode(contractReductions(program)))).toMatchInlineSnapshot(`
    "inputs x: f32[2, 3, 4], w: f32[4]
      %0: f32[] = constant{0.25}()
      %1: f32[4] = multiply(w, %0)
      %2: f32[4, 1] = reshape{shape=[4, 1]}(%1)
      %3: f32[2, 3, 1] = matMul{transposeA=false, transposeB=false, scale=1}(x, %2)
    outputs y: %3"
  `);
});

test("a product that others read as well stays", () => {
  const program = traceProgram({ x: float(3, 4), w: float(4) }, ({ x, w }) => {
    const product = multiply(x!, w!);
    return { product, y: mean(product, { axes: [-1], keepDimensions: true }) };
  });
  expect(contractReductions(program).operations).toHaveLength(2);
});

test("the sum over all rows becomes a row of ones times the matrix", () => {
  const program = traceProgram({ x: float(2, 3, 4) }, ({ x }) => ({ y: sum(x!, { axes: [0, 1] }) }));
  expect(printProgram(contractReductions(program))).toMatchInlineSnapshot(`
    "inputs x: f32[2, 3, 4]
      %0: f32[1, 6] = constant{1, 1, 1, 1, 1, 1}()
      %1: f32[6, 4] = reshape{shape=[6, 4]}(x)
      %2: f32[1, 4] = gemm{transposeA=false, transposeB=false, scale=1}(%0, %1)
      %3: f32[4] = reshape{shape=[4]}(%2)
    outputs y: %3"
  `);
});

test("a scaled product with one column scales the column", () => {
  const program = traceProgram({ x: float(3, 4), w: float(4, 1) }, ({ x, w }) => ({
    y: matMul(x!, w!, { scale: 0.25 }),
  }));
  expect(printProgram(contractReductions(program))).toMatchInlineSnapshot(`
    "inputs x: f32[3, 4], w: f32[4, 1]
      %0: f32[] = constant{0.25}()
      %1: f32[4, 1] = multiply(w, %0)
      %2: f32[3, 1] = matMul{transposeA=false, transposeB=false, scale=1}(x, %1)
    outputs y: %2"
  `);
});
