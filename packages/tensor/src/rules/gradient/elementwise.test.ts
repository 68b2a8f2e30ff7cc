// Every derivative against central differences in float64; tolerance 1e-8 of the largest element unless said otherwise.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ops from "../../ops/elementwise.ts";
import { withGradients } from "../../passes/gradient.ts";
import { gradientError } from "../../testing/gradient-error.ts";
import { randomTensors } from "../../testing/random-tensors.ts";
import type { Tensor } from "../../trace/tensor.ts";
import { traceProgram } from "../../trace/trace-program.ts";
import { evaluateProgram } from "../evaluate/evaluate-program.ts";

const tolerance = 1e-8;
const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
const seeds = fc.integer();

const anywhere: Record<string, (x: Tensor) => Tensor> = {
  negate: ops.negate,
  exp: ops.exp,
  sine: ops.sine,
  cosine: ops.cosine,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  erf: ops.erf,
  silu: ops.silu,
  "exact gelu": ops.gelu,
  "gelu by tanh": (x) => ops.gelu(x, "tanh"),
  softplus: ops.softplus,
  logSigmoid: ops.logSigmoid,
  "square by multiply": (x) => ops.multiply(x, x),
  stretching: (x) => ops.multiply(ops.add(x, 3), ops.subtract(2, x)),
};
const awayFromCorners: Record<string, (x: Tensor) => Tensor> = {
  reciprocal: ops.reciprocal,
  absolute: ops.absolute,
  relu: ops.relu,
  squaredRelu: ops.squaredRelu,
  "a round trip through float32": (x) => ops.cast(ops.cast(x, "float32"), "float64"),
};
const positive: Record<string, (x: Tensor) => Tensor> = { log: ops.log, sqrt: ops.sqrt };

describe("gradients of one operand match central differences", () => {
  test.each(Object.entries(anywhere))("%s", (_, f) => {
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        const x = randomTensors(seed).awayFromZero(shape, 0.01);
        expect(gradientError({ x }, (inputs) => f(inputs.x!))).toBeLessThan(tolerance);
      }),
      { numRuns: 15 },
    );
  });
  test.each(Object.entries(awayFromCorners))("%s, away from its corner", (_, f) => {
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        const x = randomTensors(seed).awayFromZero(shape, 0.3);
        expect(gradientError({ x }, (inputs) => f(inputs.x!))).toBeLessThan(tolerance);
      }),
      { numRuns: 15 },
    );
  });
  test.each(Object.entries(positive))("%s", (_, f) => {
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        const x = randomTensors(seed).floats(shape, 0.5, 2);
        expect(gradientError({ x }, (inputs) => f(inputs.x!))).toBeLessThan(tolerance);
      }),
      { numRuns: 15 },
    );
  });
});

/** Two shapes that broadcast: lengths of a third, each axis kept or 1, leading axes perhaps absent. */
const broadcastPair = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 3 }), left: fc.boolean(), right: fc.boolean() }), {
    maxLength: 3,
  })
  .chain((axes) =>
    fc.record({
      left: fc.nat({ max: axes.length }).map((drop) => axes.map((a) => (a.left ? a.length : 1)).slice(drop)),
      right: fc.nat({ max: axes.length }).map((drop) => axes.map((a) => (a.right ? a.length : 1)).slice(drop)),
    }),
  );

const pairs: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  add: ops.add,
  subtract: ops.subtract,
  multiply: ops.multiply,
  divide: ops.divide,
  maximum: ops.maximum,
  minimum: ops.minimum,
  swiGlu: ops.swiGlu,
  "where by a comparison": (a, b) => ops.where(ops.less(ops.stopGradient(a), ops.stopGradient(b)), a, b),
};

describe("gradients of two stretched operands match central differences", () => {
  test.each(Object.entries(pairs))("%s", (_, f) => {
    fc.assert(
      fc.property(broadcastPair, seeds, ({ left, right }, seed) => {
        const random = randomTensors(seed);
        const a = random.awayFromZero(left, 0.3);
        // No near ties, where maximum and where have corners.
        const b = {
          ...a,
          shape: right,
          data: Float64Array.from(random.awayFromZero(right, 0.3).data, (x) => 1.0137 * x),
        };
        const gap = Math.min(...Array.from(a.data, (x) => Math.min(...Array.from(b.data, (y) => Math.abs(x - y)))));
        fc.pre(gap > 0.003);
        expect(gradientError({ a, b }, (inputs) => f(inputs.a!, inputs.b!))).toBeLessThan(tolerance);
      }),
      { numRuns: 25 },
    );
  });

  test("power, of a positive base", () => {
    fc.assert(
      fc.property(broadcastPair, seeds, ({ left, right }, seed) => {
        const random = randomTensors(seed);
        const inputs = { a: random.floats(left, 0.5, 2), b: random.floats(right, -2, 2) };
        expect(gradientError(inputs, ({ a, b }) => ops.power(a!, b!))).toBeLessThan(tolerance);
      }),
      { numRuns: 25 },
    );
  });

  test("power, of any base to a whole constant", () => {
    for (const exponent of [0, 1, 2, 3]) {
      const x = randomTensors(exponent).awayFromZero([7]);
      expect(gradientError({ x }, (inputs) => ops.power(inputs.x!, exponent))).toBeLessThan(tolerance);
    }
  });
});

/** Gradient of a function of scalars at a point. */
function gradientsAt(point: Record<string, number>, f: (...operands: Tensor[]) => Tensor): number[] {
  const inputs = Object.fromEntries(
    Object.entries(point).map(([name, x]) => [name, { type: "float64" as const, shape: [], data: Float64Array.of(x) }]),
  );
  const program = traceProgram(inputs, (tensors) => ({ y: f(...Object.values(tensors)) }));
  const results = evaluateProgram(withGradients(program, { of: "y", to: Object.keys(point) }), inputs);
  return Object.keys(point).map((name) => Number(results[`gradient.${name}`]!.data[0]));
}

describe("at corners", () => {
  test("absolute and relu have slope 0 at 0", () => {
    expect(gradientsAt({ x: 0 }, ops.absolute)).toEqual([0]);
    expect(gradientsAt({ x: 0 }, ops.relu)).toEqual([0]);
  });
  test("equal operands of maximum and minimum share in halves", () => {
    expect(gradientsAt({ a: 2, b: 2 }, ops.maximum)).toEqual([0.5, 0.5]);
    expect(gradientsAt({ a: 2, b: 2 }, ops.minimum)).toEqual([0.5, 0.5]);
  });
  test("softplus has slope ½ at 0, so equal rewards still learn from a ranking", () => {
    expect(gradientsAt({ x: 0 }, ops.softplus)).toEqual([0.5]);
    expect(gradientsAt({ x: 0 }, ops.logSigmoid)).toEqual([0.5]);
  });
  test("power of zero is finite: 0 to the 0, to the 1 and to the 2", () => {
    expect([0, 1, 2].map((n) => gradientsAt({ x: 0 }, (x) => ops.power(x, n))[0])).toEqual([0, 1, 0]);
  });
});
