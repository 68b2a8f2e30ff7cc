// Looking up and adding at indices, against central differences; tolerance 1e-8 of the largest element.
import fc from "fast-check";
import { expect, test } from "vitest";
import { reshape } from "../../ops/axes.ts";
import { cast, multiply } from "../../ops/elementwise.ts";
import { embedding, gatherElements, pick } from "../../ops/indexing.ts";
import { linearCrossEntropy } from "../../ops/losses.ts";
import { withGradients } from "../../passes/gradient.ts";
import { gradientError, weightedSum } from "../../testing/gradient-error.ts";
import { randomTensors } from "../../testing/random-tensors.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import { traceProgram } from "../../trace/trace-program.ts";

const tolerance = 1e-8;
const seeds = fc.integer();
const lengths = (least: number, most: number) =>
  fc.array(fc.integer({ min: 1, max: 3 }), { minLength: least, maxLength: most });

test("embedding, with ids of any shape, repeated and of either integer type", () => {
  fc.assert(
    fc.property(lengths(0, 2), lengths(0, 2), fc.boolean(), seeds, (idShape, rest, isNarrow, seed) => {
      const random = randomTensors(seed);
      const inputs = { table: random.floats([4, ...rest]), ids: random.integers(idShape, 4) };
      const error = gradientError(inputs, ({ table, ids }) =>
        embedding(multiply(table!, table!), isNarrow ? cast(ids!, "int32") : ids!),
      );
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 30 },
  );
});

test("two lookups in one table add up", () => {
  const random = randomTensors(4);
  const inputs = { table: random.floats([5, 2]), ids: random.integers([3], 5), others: random.integers([3], 5) };
  const error = gradientError(inputs, ({ table, ids, others }) =>
    multiply(embedding(table!, ids!), embedding(table!, others!)),
  );
  expect(error).toBeLessThan(tolerance);
});

test("a tied embedding scatters onto its head's gradient, without a sum", () => {
  const specs = {
    table: { type: "float32" as const, shape: [7, 4] },
    ids: { type: "int64" as const, shape: [2, 3] },
    targets: { type: "int64" as const, shape: [6] },
  };
  const program = traceProgram(specs, ({ table, ids, targets }) => {
    const hidden = reshape(embedding(table!, ids!), [6, 4]);
    return { loss: weightedSum(linearCrossEntropy(hidden, table!, targets!)) };
  });
  const gradients = withGradients(program, { of: "loss", to: ["table"] }).operations.slice(program.operations.length);
  const scatter = gradients.find(({ operator }) => operator === "scatterAddRows")!;
  const head = gradients.find(({ operator }) => operator === "linearCrossEntropyGradient")!;
  expect(scatter.inputs[0]).toBe(head.outputs[1]);
  expect(gradients.some(({ operator }) => operator === "add")).toBe(false);
});

test("scatterAddRows", () => {
  fc.assert(
    fc.property(lengths(1, 1), lengths(0, 2), seeds, ([count], rest, seed) => {
      const random = randomTensors(seed);
      const inputs = {
        base: random.floats([4, ...rest]),
        ids: random.integers([count!], 4),
        updates: random.floats([count!, ...rest]),
      };
      const error = gradientError(inputs, ({ base, ids, updates }) => {
        const y = new Tensor(record("scatterAddRows", [base!.value, ids!.value, updates!.value], {})[0]!);
        return multiply(y, y);
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 20 },
  );
});

const along = lengths(1, 3).chain((shape) =>
  fc.tuple(fc.constant(shape), fc.nat({ max: shape.length - 1 }), fc.integer({ min: 1, max: 4 })),
);

test("gatherElements along any axis", () => {
  fc.assert(
    fc.property(along, seeds, ([shape, axis, count], seed) => {
      const random = randomTensors(seed);
      const indices = random.integers(
        shape.map((n, i) => (i === axis ? count : n)),
        shape[axis]!,
      );
      const inputs = { data: random.floats(shape), indices };
      const error = gradientError(inputs, (t) => gatherElements(multiply(t.data!, t.data!), t.indices!, axis));
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 30 },
  );
});

test("pick", () => {
  const random = randomTensors(8);
  const inputs = { data: random.floats([2, 3, 4]), ids: random.integers([2, 3], 4) };
  expect(gradientError(inputs, ({ data, ids }) => pick(multiply(data!, data!), ids!))).toBeLessThan(tolerance);
});

test("scatterAddElements along any axis", () => {
  fc.assert(
    fc.property(along, seeds, ([shape, axis, count], seed) => {
      const random = randomTensors(seed);
      const indexShape = shape.map((n, i) => (i === axis ? count : n));
      const inputs = {
        data: random.floats(shape),
        indices: random.integers(indexShape, shape[axis]!),
        updates: random.floats(indexShape),
      };
      const error = gradientError(inputs, (t) => {
        const operands = [t.data!.value, t.indices!.value, t.updates!.value];
        const y = new Tensor(record("scatterAddElements", operands, { axis })[0]!);
        return multiply(y, y);
      });
      expect(error).toBeLessThan(tolerance);
    }),
    { numRuns: 30 },
  );
});
