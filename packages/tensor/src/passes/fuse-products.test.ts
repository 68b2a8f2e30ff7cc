import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { reshape, swapLastAxes } from "../ops/axes.ts";
import { add, multiply } from "../ops/elementwise.ts";
import { linear, matMul } from "../ops/linear-algebra.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";
import { fuseProducts } from "./fuse-products.ts";
import type { Pass } from "./rewrite.ts";

const pass: Pass = (program) => eliminateDeadCode(fuseProducts(program));
const float = (...shape: number[]) => ({ type: "float32", shape }) as const;

test("factors and transposes move into a product", () => {
  const program = traceProgram({ q: float(2, 5, 4), k: float(2, 5, 4) }, ({ q, k }) => ({
    scores: multiply(matMul(q!, swapLastAxes(k!)), 0.5),
  }));
  expect(printProgram(pass(program))).toMatchInlineSnapshot(`
    "inputs q: f32[2, 5, 4], k: f32[2, 5, 4]
      %0: f32[2, 5, 5] = matMul{transposeA=false, transposeB=true, scale=0.5}(q, k)
    outputs scores: %0"
  `);
});

test("a residual is added by the gemm before it, also across a reshape", () => {
  const program = traceProgram({ x: float(2, 5, 4), w: float(4, 4), r: float(2, 5, 4) }, ({ x, w, r }) => ({
    y: add(r!, linear(x!, w!)),
  }));
  expect(printProgram(pass(program))).toMatchInlineSnapshot(`
    "inputs x: f32[2, 5, 4], w: f32[4, 4], r: f32[2, 5, 4]
      %0: f32[10, 4] = reshape{shape=[10, 4]}(x)
      %1: f32[10, 4] = reshape{shape=[10, 4]}(r)
      %2: f32[10, 4] = gemm{transposeA=false, transposeB=true, scale=1}(%0, w, %1)
      %3: f32[2, 5, 4] = reshape{shape=[2, 5, 4]}(%2)
    outputs y: %3"
  `);
});

test("a product that others read as well stays as it is", () => {
  const program = traceProgram({ a: float(3, 3), b: float(3, 3) }, ({ a, b }) => {
    const product = reshape(linear(a!, b!), [9]);
    return { y: add(product, multiply(product, product)) };
  });
  expect(pass(program).operations.map(({ operator }) => operator)).toEqual(["gemm", "reshape", "multiply", "add"]);
});
