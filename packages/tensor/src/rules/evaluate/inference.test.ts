// The operators of inference against the operators of training that they replace; tolerance 1e-12.
import fc from "fast-check";
import { expect, test } from "vitest";
import { attention, rotaryEmbedding } from "../../ops/attention.ts";
import { add } from "../../ops/elementwise.ts";
import { mergeHeads, splitHeads } from "../../ops/heads.ts";
import { rmsNorm } from "../../ops/normalisation.ts";
import { type Floats, randomTensors } from "../../testing/random-tensors.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import { traceProgram } from "../../trace/trace-program.ts";
import { evaluateProgram } from "./evaluate-program.ts";
import type { EvaluatedTensor } from "./evaluated-tensor.ts";

const int32 = (shape: number[], ...values: number[]): EvaluatedTensor => ({
  type: "int32",
  shape,
  data: BigInt64Array.from(values, BigInt),
});

/** Rows [start, end) of the time axis of [batch, time, width]. */
function times(x: Floats, start: number, end: number): Floats {
  const [batch, time, width] = x.shape as [number, number, number];
  const data = Array.from({ length: batch }, (_, b) => [
    ...x.data.slice((b * time + start) * width, (b * time + end) * width),
  ]);
  return { ...x, shape: [batch, end - start, width], data: Float64Array.from(data.flat()) };
}

const maximumTime = 9;
const cases = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  kvHeads: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 2 }),
  prompt: fc.integer({ min: 1, max: 4 }),
  steps: fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 2 }),
  rotary: fc.boolean(),
  interleaved: fc.boolean(),
  seed: fc.integer(),
});

test("a prompt and steps through the cache equal causal attention over the whole sequence", () => {
  fc.assert(
    fc.property(cases, ({ batch, kvHeads, group, prompt, steps, rotary, interleaved, seed }) => {
      const random = randomTensors(seed);
      const [headDim, heads] = [4, kvHeads * group];
      const time = prompt + steps.reduce((a, b) => a + b, 0);
      const attributes = { heads, kvHeads, scale: 0.6, rotary, interleaved };
      const whole = {
        query: random.floats([batch, time, heads * headDim]),
        key: random.floats([batch, time, kvHeads * headDim]),
        value: random.floats([batch, time, kvHeads * headDim]),
      };
      const tables = { cosines: random.floats([maximumTime, 2]), sines: random.floats([maximumTime, 2]) };
      const positions = {
        type: "int64" as const,
        shape: [batch, time],
        data: BigInt64Array.from({ length: batch * time }, (_, i) => BigInt(i % time)),
      };
      const everything = { ...whole, ...tables, positions };
      const expected = evaluateProgram(
        traceProgram(everything, ({ query, key, value, cosines, sines, positions }) => {
          const turned = (x: Tensor) => (rotary ? rotaryEmbedding(x, positions!, cosines!, sines!, interleaved) : x);
          const [q, k, v] = [splitHeads(query!, heads), splitHeads(key!, kvHeads), splitHeads(value!, kvHeads)];
          return { y: mergeHeads(attention(turned(q), turned(k), v, { causal: true, scale: 0.6 })) };
        }),
        everything,
      ).y!.data as Float64Array;

      const found = new Float64Array(expected.length);
      let cache = {
        past: random.floats([batch, kvHeads, maximumTime, headDim]) as EvaluatedTensor,
        pastValue: random.floats([batch, kvHeads, maximumTime, headDim]) as EvaluatedTensor,
      };
      let done = 0;
      for (const length of [prompt, ...steps]) {
        const after = done + length;
        const inputs = {
          query: times(whole.query, done, after),
          key: times(whole.key, done, after),
          value: times(whole.value, done, after),
          ...cache,
          lengths: int32([batch], ...new Array<number>(batch).fill(after - 1)),
          total: int32([], after),
          ...tables,
        };
        const program = traceProgram(inputs, (t) => {
          const values = Object.values(t).map(({ value }) => value);
          const [y, key, value] = record("cachedAttention", rotary ? values : values.slice(0, 7), attributes);
          return { y: new Tensor(y!), nextKey: new Tensor(key!), nextValue: new Tensor(value!) };
        });
        const results = evaluateProgram(program, inputs);
        cache = { past: results.nextKey!, pastValue: results.nextValue! };
        const width = heads * headDim;
        for (let b = 0; b < batch; b++) {
          const rows = (results.y!.data as Float64Array).subarray(b * length * width, (b + 1) * length * width);
          found.set(rows, (b * time + done) * width);
        }
        done = after;
      }
      found.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 12);
      });
    }),
    { numRuns: 25 },
  );
});

test("rows of different lengths in one prompt do not see each other's padding", () => {
  const random = randomTensors(3);
  const attributes = { heads: 1, kvHeads: 1, scale: 1, rotary: false, interleaved: false };
  const step = (batch: number, q: Floats, k: Floats, v: Floats, lengths: number[], total: number) => {
    const cache = random.floats([batch, 1, 5, 2]);
    const inputs = { q, k, v, cache, cacheValue: cache, lengths: int32([batch], ...lengths), total: int32([], total) };
    const program = traceProgram(inputs, (t) => ({
      y: new Tensor(
        record(
          "cachedAttention",
          Object.values(t).map(({ value }) => value),
          attributes,
        )[0]!,
      ),
    }));
    return [...(evaluateProgram(program, inputs).y!.data as Float64Array)];
  };
  const [q, k, v] = [random.floats([2, 3, 2]), random.floats([2, 3, 2]), random.floats([2, 3, 2])];
  const both = step(2, q, k, v, [2, 0], 3);
  const second = (x: Floats): Floats => ({ ...x, shape: [1, 1, 2], data: x.data.slice(6, 8) });
  expect(both.slice(6, 8)).toEqual(step(1, second(q), second(k), second(v), [0], 1));
});

test("more tokens than the cache holds are refused", () => {
  const random = randomTensors(3);
  const inputs = {
    q: random.floats([1, 1, 2]), k: random.floats([1, 1, 2]), v: random.floats([1, 1, 2]),
    pastKey: random.floats([1, 1, 4, 2]), pastValue: random.floats([1, 1, 4, 2]),
    lengths: int32([1], 4), total: int32([], 5),
  }; // biome-ignore format: a list
  const attributes = { heads: 1, kvHeads: 1, scale: 1, rotary: false, interleaved: false };
  const program = traceProgram(inputs, (t) => ({
    y: new Tensor(
      record(
        "cachedAttention",
        Object.values(t).map(({ value }) => value),
        attributes,
      )[0]!,
    ),
  }));
  expect(() => evaluateProgram(program, inputs)).toThrow(
    "cachedAttention: found row 0 with 5 tokens after a step of 1, total 5; expected at least 1, at most the total and the cache's 4.",
  );
});

test.each([4, 8] as const)(
  "a linear layer of %s-bit integers is x times the integers less their middle, by block scale",
  (bits) => {
    const [inputs, outputs, block] = [20, 3, 16];
    const random = randomTensors(bits);
    const blocks = 2; // the second holds 4 inputs and padding
    const packed = { ...random.integers([outputs, blocks, (block * bits) / 8], 256), type: "uint8" as const };
    const tensors = { x: random.floats([2, inputs]), packed, scales: random.floats([outputs, blocks]) };
    const program = traceProgram(tensors, ({ x, packed, scales }) => ({
      y: new Tensor(
        record("quantisedLinear", [x!.value, packed!.value, scales!.value], { inputs, outputs, bits, block })[0]!,
      ),
    }));
    const found = evaluateProgram(program, tensors).y!;
    expect(found.shape).toEqual([2, outputs]);
    const bitsOf = (row: number) =>
      Array.from(
        packed.data.subarray((row * blocks * block * bits) / 8, ((row + 1) * blocks * block * bits) / 8),
        Number,
      ).flatMap((byte) => (bits === 8 ? [byte] : [byte & 15, byte >> 4]));
    for (let row = 0; row < 2; row++) {
      for (let output = 0; output < outputs; output++) {
        let total = 0;
        for (let i = 0; i < inputs; i++) {
          const weight =
            (bitsOf(output)[i]! - 2 ** bits / 2) * tensors.scales.data[output * blocks + Math.floor(i / block)]!;
          total += tensors.x.data[row * inputs + i]! * weight;
        }
        expect(Number(found.data[row * outputs + output])).toBeCloseTo(total, 10);
      }
    }
  },
);

test("skipRmsNorm is a sum and a norm", () => {
  const random = randomTensors(4);
  const inputs = { x: random.floats([2, 3]), skip: random.floats([2, 3]), weight: random.floats([3]) };
  const program = traceProgram(inputs, ({ x, skip, weight }) => {
    const [y, total] = record("skipRmsNorm", [x!.value, skip!.value, weight!.value], { epsilon: 1e-6 });
    const sum = add(x!, skip!);
    return { y: new Tensor(y!), total: new Tensor(total!), expected: rmsNorm(sum, weight!, 1e-6), sum };
  });
  const results = evaluateProgram(program, inputs);
  expect(results.y!.data).toEqual(results.expected!.data);
  expect(results.total!.data).toEqual(results.sum!.data);
});
