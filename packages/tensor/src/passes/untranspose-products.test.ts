import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import type { Value } from "../ir/program.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";
import { simplifyMoves } from "./simplify-moves.ts";
import { untransposeProducts } from "./untranspose-products.ts";

const product = (...inputs: readonly Value[]) =>
  new Tensor(record("gemm", inputs, { transposeA: true, transposeB: false, scale: 1 })[0]!);
const float = (shape: readonly number[]) => ({ type: "float32", shape }) as const;
const after = (inputs: Record<string, readonly number[]>, body: (x: Record<string, Tensor>) => Tensor) => {
  const specs = Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, float(shape)]));
  const before = traceProgram(specs, (x) => ({ y: body(x) }));
  return { before, program: eliminateDeadCode(simplifyMoves(untransposeProducts(before))) };
};

test("a chain of products over a vocabulary turns its narrow operands and turns back once", () => {
  const inputs = { a: [2, 4096], b: [2, 3], c: [2, 4096], d: [2, 3] };
  const { before, program } = after(inputs, ({ a, b, c, d }) =>
    product(c!.value, d!.value, product(a!.value, b!.value).value),
  );
  expect(printProgram(program)).toMatchInlineSnapshot(`
    "inputs a: f32[2, 4096], b: f32[2, 3], c: f32[2, 4096], d: f32[2, 3]
      %0: f32[3, 2] = transpose{permutation=[1, 0]}(b)
      %1: f32[3, 4096] = gemm{transposeA=false, transposeB=false, scale=1}(%0, a)
      %2: f32[3, 2] = transpose{permutation=[1, 0]}(d)
      %3: f32[3, 4096] = gemm{transposeA=false, transposeB=false, scale=1}(%2, c, %1)
      %4: f32[4096, 3] = transpose{permutation=[1, 0]}(%3)
    outputs y: %4"
  `);
  const values = (name: string, [rows, columns]: readonly number[]) => ({
    type: "float32" as const,
    shape: [rows!, columns!],
    data: Float32Array.from({ length: rows! * columns! }, (_, i) => Math.sin(i * 0.7 + name.charCodeAt(0))),
  });
  const given = Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, values(name, shape)]));
  expect(evaluateProgram(program, given).y!.data).toEqual(evaluateProgram(before, given).y!.data);
});

test("a large wide operand is transposed by itself; small and narrow ones stay", () => {
  expect(
    printProgram(after({ a: [1024, 1152], b: [1024, 384] }, ({ a, b }) => product(a!.value, b!.value)).program),
  ).toMatchInlineSnapshot(`
    "inputs a: f32[1024, 1152], b: f32[1024, 384]
      %0: f32[1152, 1024] = transpose{permutation=[1, 0]}(a)
      %1: f32[1152, 384] = gemm{transposeA=false, transposeB=false, scale=1}(%0, b)
    outputs y: %1"
  `);
  for (const [a, b] of [
    [
      [384, 384],
      [384, 128],
    ],
    [
      [1024, 384],
      [1024, 1152],
    ],
  ] as const) {
    const { before, program } = after({ a, b }, (x) => product(x.a!.value, x.b!.value));
    expect(program.operations.length).toBe(before.operations.length);
  }
});
