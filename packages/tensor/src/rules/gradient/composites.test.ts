// Rotary positions, attention and the losses against central differences; tolerance 1e-8 of the largest element.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Shape } from "../../ir/shape.ts";
import { attention, rotaryEmbedding } from "../../ops/attention.ts";
import { reshape } from "../../ops/axes.ts";
import { cast, multiply } from "../../ops/elementwise.ts";
import { documentBias, paddingBias } from "../../ops/masks.ts";
import { relativeBias } from "../../ops/relative-bias.ts";
import { type GradientOptions, withGradients } from "../../passes/gradient.ts";
import { gradientError, weightedSum } from "../../testing/gradient-error.ts";
import { type RandomTensors, randomTensors } from "../../testing/random-tensors.ts";
import { traceProgram } from "../../trace/trace-program.ts";

const tolerance = 1e-8;
const seeds = fc.integer();
const small = fc.integer({ min: 1, max: 3 });

/** Sizes of one attention: a number of groups divides the heads. */
const sizes = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  kvHeads: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 2 }),
  time: fc.integer({ min: 1, max: 5 }),
  keyTime: fc.integer({ min: 1, max: 4 }),
  headDim: small,
  valueDim: small,
  attentionProbabilities: fc.constantFrom("keep" as const, "recompute" as const),
  seed: seeds,
});
type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never;

function operands(random: RandomTensors, { batch, kvHeads, group, time, headDim, valueDim }: Sizes, keyTime: number) {
  return {
    query: random.floats([batch, kvHeads * group, time, headDim]),
    key: random.floats([batch, kvHeads, keyTime, headDim]),
    value: random.floats([batch, kvHeads, keyTime, valueDim]),
  };
}

describe("attention with grouped heads, probabilities kept or computed again", () => {
  test("causal, in chunks that need not divide the time", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 6 }), (size, chunk) => {
        const inputs = operands(randomTensors(size.seed), size, size.time);
        const error = gradientError(
          inputs,
          ({ query, key, value }) => attention(query!, key!, value!, { causal: true, chunk }),
          size,
        );
        expect(error).toBeLessThan(tolerance);
      }),
      { numRuns: 25 },
    );
  });

  test("bidirectional over another sequence, with a scale", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const inputs = operands(randomTensors(size.seed), size, size.keyTime);
        const error = gradientError(
          inputs,
          ({ query, key, value }) => attention(query!, key!, value!, { causal: false, scale: 0.7 }),
          size,
        );
        expect(error).toBeLessThan(tolerance);
      }),
      { numRuns: 15 },
    );
  });

  test("with padding keys and causal", () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const random = randomTensors(size.seed);
        const lengths = random.integers([size.batch], size.time);
        const mask = {
          type: "int64" as const,
          shape: [size.batch, size.time],
          data: BigInt64Array.from({ length: size.batch * size.time }, (_, i) =>
            BigInt(i % size.time) <= lengths.data[Math.floor(i / size.time)]! ? 1n : 0n,
          ),
        };
        const error = gradientError(
          { ...operands(random, size, size.time), mask },
          ({ query, key, value, mask }) =>
            attention(query!, key!, value!, { causal: true, chunk: 2, bias: cast(paddingBias(mask!), "float64") }),
          { attentionProbabilities: size.attentionProbabilities, to: ["query", "key", "value"] },
        );
        expect(error).toBeLessThan(tolerance);
      }),
      { numRuns: 15 },
    );
  });

  test("within packed documents, causal and not", () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), (size, causal) => {
        const random = randomTensors(size.seed);
        const documents = random.integers([size.batch, size.time], 2);
        const error = gradientError(
          { ...operands(random, size, size.time), documents },
          ({ query, key, value, documents }) =>
            attention(query!, key!, value!, { causal, bias: cast(documentBias(documents!), "float64") }),
          { attentionProbabilities: size.attentionProbabilities, to: ["query", "key", "value"] },
        );
        expect(error).toBeLessThan(tolerance);
      }),
      { numRuns: 15 },
    );
  });

  test("with a learned bias of any shape that stretches", () => {
    const stretches = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), fc.nat({ max: 2 }));
    fc.assert(
      fc.property(sizes, stretches, fc.boolean(), (size, [b, h, t, s, dropped], causal) => {
        const random = randomTensors(size.seed);
        const full = [size.batch, size.kvHeads * size.group, size.time, size.time];
        const shape: Shape = full.map((length, axis) => ([b, h, t, s][axis] ? length : 1)).slice(dropped);
        const inputs = { ...operands(random, size, size.time), bias: random.floats(shape) };
        const error = gradientError(
          inputs,
          ({ query, key, value, bias }) => attention(query!, key!, value!, { causal, chunk: 2, bias: bias! }),
          size,
        );
        expect(error).toBeLessThan(tolerance);
      }),
      { numRuns: 25 },
    );
  });

  test.each([true, false])("with T5's relative bias, bidirectional: %s", (isBidirectional) => {
    const random = randomTensors(21);
    const inputs = {
      query: random.floats([2, 2, 4, 3]),
      key: random.floats([2, 2, 5, 3]),
      value: random.floats([2, 2, 5, 3]),
      table: random.floats([8, 2]),
    };
    for (const attentionProbabilities of ["keep", "recompute"] as const) {
      const error = gradientError(
        inputs,
        ({ query, key, value, table }) => {
          const bias = relativeBias(table!, 4, 5, { isBidirectional, maximumDistance: 6 });
          return attention(query!, key!, value!, { causal: false, scale: 1, bias });
        },
        { attentionProbabilities },
      );
      expect(error).toBeLessThan(tolerance);
    }
  });

  test("one tensor as query, key and value", () => {
    const x = randomTensors(2).floats([1, 2, 4, 3]);
    expect(gradientError({ x }, ({ x }) => attention(x!, x!, x!, { causal: true, chunk: 3 }))).toBeLessThan(tolerance);
  });

  test("a mask that no gradient is wanted of is read in the backward pass only to compute probabilities again", () => {
    const spec = (shape: number[]) => ({ type: "float32" as const, shape });
    const inputs = { q: spec([1, 2, 4, 3]), k: spec([1, 1, 4, 3]), v: spec([1, 1, 4, 3]), bias: spec([1, 1, 4, 4]) };
    const program = traceProgram(inputs, ({ q, k, v, bias }) => ({
      loss: weightedSum(attention(q!, k!, v!, { causal: false, bias: bias! })),
    }));
    const inputCount = (options: Partial<GradientOptions>) =>
      withGradients(program, { of: "loss", to: ["q"], ...options }).operations.find(
        ({ operator }) => operator === "attentionGradient",
      )!.inputs.length;
    expect(inputCount({ attentionProbabilities: "keep" })).toBe(6); // dO, O, q, k, v, probabilities
    expect(inputCount({ attentionProbabilities: "recompute" })).toBe(6); // dO, O, q, k, v, bias
    expect(inputCount({ to: ["bias"] })).toBe(7);
  });
});

test("rotary, half and interleaved, at any positions", () => {
  fc.assert(
    fc.property(small, small, small, small, fc.boolean(), seeds, (batch, heads, time, half, isInterleaved, seed) => {
      const random = randomTensors(seed);
      const inputs = {
        x: random.floats([batch, heads, time, 2 * half]),
        positions: random.integers([batch, time], 6),
        cosines: random.floats([6, half]),
        sines: random.floats([6, half]),
      };
      const error = gradientError(
        inputs,
        ({ x, positions, cosines, sines }) =>
          rotaryEmbedding(multiply(x!, x!), positions!, cosines!, sines!, isInterleaved),
        { to: ["x"] },
      );
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 20 },
  );
});

test("gradients of rotary tables are refused", () => {
  const random = randomTensors(1);
  const inputs = {
    x: random.floats([1, 1, 2, 4]),
    positions: random.integers([1, 2], 3),
    cosines: random.floats([3, 2]),
    sines: random.floats([3, 2]),
  };
  expect(() =>
    gradientError(inputs, ({ x, positions, cosines, sines }) => rotaryEmbedding(x!, positions!, cosines!, sines!)),
  ).toThrow(
    "gradient of rotary: found cosines or sines that depend on an input whose gradient is asked for; expected tables of constants. To fix: wrap the tables in stopGradient.",
  );
});

test("a hidden layer between reshapes and attention", () => {
  const x = randomTensors(6).floats([2, 4, 6]);
  const error = gradientError({ x }, (inputs) => {
    const heads = reshape(inputs.x!, [2, 2, 4, 3]);
    return attention(heads, multiply(heads, heads), heads, { causal: true, chunk: 2 });
  });
  expect(error).toBeLessThan(tolerance);
});
