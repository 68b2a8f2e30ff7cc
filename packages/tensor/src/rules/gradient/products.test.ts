// Matrix products against central differences; tolerance 1e-8 of the largest element.
import fc from "fast-check";
import { expect, test } from "vitest";
import { add, multiply } from "../../ops/elementwise.ts";
import { linear, matMul } from "../../ops/linear-algebra.ts";
import { withGradients } from "../../passes/gradient.ts";
import { gradientError, weightedSum } from "../../testing/gradient-error.ts";
import { randomTensors } from "../../testing/random-tensors.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import { traceProgram } from "../../trace/trace-program.ts";

const tolerance = 1e-8;
const length = fc.integer({ min: 1, max: 3 });
const product = fc.record({
  rows: length,
  inner: length,
  columns: length,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  scale: fc.constantFrom(1, 0.5, -2),
  seed: fc.integer(),
});
type Product = typeof product extends fc.Arbitrary<infer T> ? T : never;

const sides = ({ rows, inner, columns, transposeA, transposeB }: Product) => ({
  left: transposeA ? [inner, rows] : [rows, inner],
  right: transposeB ? [columns, inner] : [inner, columns],
});

test("matMul with any transposes, scale, and batches that stretch", () => {
  const batches = fc.constantFrom<[number[], number[]]>(
    [[], []], [[2], []], [[2], [2]], [[], [3]], [[2, 1], [1, 3]], [[2, 3], [3]], [[1], [2]], [[2, 2], []],
  ); // biome-ignore format: a list
  fc.assert(
    fc.property(product, batches, (options, [leftBatch, rightBatch]) => {
      const random = randomTensors(options.seed);
      const { left, right } = sides(options);
      const inputs = { a: random.floats([...leftBatch, ...left]), b: random.floats([...rightBatch, ...right]) };
      expect(gradientError(inputs, ({ a, b }) => matMul(a!, b!, options))).toBeLessThan(tolerance);
    }),
    { numRuns: 60 },
  );
});

test("a matrix times itself", () => {
  const x = randomTensors(1).floats([2, 3, 3]);
  expect(gradientError({ x }, (i) => matMul(i.x!, i.x!, { transposeB: true }))).toBeLessThan(tolerance);
});

test("gemm with any transposes, scale, and addend", () => {
  const addends = fc.constantFrom("none", "row", "column", "full", "scalar");
  fc.assert(
    fc.property(product, addends, (options, kind) => {
      const random = randomTensors(options.seed);
      const { left, right } = sides(options);
      const { rows, columns, transposeA, transposeB, scale } = options;
      const shape = { none: [], row: [columns], column: [rows, 1], full: [rows, columns], scalar: [] }[kind]!;
      const inputs = {
        a: random.floats(left),
        b: random.floats(right),
        ...(kind !== "none" && { c: random.floats(shape) }),
      };
      const error = gradientError(inputs, (tensors) => {
        const operands = Object.values(tensors).map(({ value }) => value);
        return new Tensor(record("gemm", operands, { transposeA, transposeB, scale })[0]!);
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 60 },
  );
});

test("linear with bias, residual and either layout of the weight", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.boolean(), fc.boolean(), fc.integer(), (hasBias, hasResidual, isTransposed, seed) => {
      const random = randomTensors(seed);
      const inputs = {
        x: random.floats([2, 3, 4]),
        weight: random.floats(isTransposed ? [4, 5] : [5, 4]),
        ...(hasBias && { bias: random.floats([5]) }),
        ...(hasResidual && { residual: random.floats([2, 3, 5]) }),
      };
      const error = gradientError(inputs, ({ x, weight, ...options }) =>
        linear(x!, weight!, { ...options, isTransposed }),
      );
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 12 },
  );
});

test("products of one tensor, by one weight each or a shared one, accumulate inside gemm", () => {
  const spec = (shape: number[]) => ({ type: "float32" as const, shape });
  const program = traceProgram({ x: spec([2, 3, 4]), a: spec([5, 4]), b: spec([5, 4]) }, ({ x, a, b }) => {
    const y = multiply(add(linear(x!, a!), linear(x!, b!)), linear(x!, a!));
    return { loss: weightedSum(y) };
  });
  const gradients = withGradients(program, { of: "loss", to: ["x", "a", "b"] }).operations.slice(
    program.operations.length,
  );
  const products = gradients.filter(({ operator }) => operator === "gemm");
  expect(products.map(({ inputs }) => inputs.length).sort()).toEqual([2, 2, 2, 3, 3, 3]); // the first of x, a and b
  expect(gradients.filter(({ operator }) => operator === "add")).toEqual([]);
});

test("a batch times one matrix accumulates inside gemm as well", () => {
  const random = randomTensors(9);
  const inputs = { x: random.floats([2, 3, 4]), w: random.floats([4, 2]) };
  const error = gradientError(inputs, ({ x, w }) =>
    multiply(matMul(x!, w!), add(matMul(multiply(x!, x!), w!), matMul(x!, w!))),
  );
  expect(error).toBeLessThan(tolerance);
});
