import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArenaFullError, ShapeError } from "../errors.ts";
import { type AdamWStep, accumulate, adamwStep, firstNonFinite, scale, sumOfSquares } from "./adamw.ts";
import { compileKernels } from "./build.ts";
import { WasmArena } from "./wasm-arena.ts";

/** Deterministic values in [-1, 1). */
function values(length: number, seed: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const arena = new WasmArena(2 ** 22);
const view = (numbers: readonly number[]): Float32Array<ArrayBuffer> => {
  const array = arena.allocate(numbers.length);
  array.set(numbers);
  return array;
};
const lengths = fc.integer({ min: 1, max: 70 });

test("the committed kernels.wasm is what kernels.ts compiles to", async () => {
  const committed = readFileSync(new URL("./kernels.wasm", import.meta.url));
  expect(Buffer.from(await compileKernels()).equals(committed), "run packages/tensor/src/kernels/build.ts").toBe(true);
});

const hyper = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 };

/** Algorithm 2 of the paper in double precision. */
function slowAdamW(
  parameter: number[],
  gradient: number[],
  m: number[],
  v: number[],
  step: number,
  share: number,
): void {
  for (const index of parameter.keys()) {
    const g = gradient[index]! * share;
    m[index] = hyper.beta1 * m[index]! + (1 - hyper.beta1) * g;
    v[index] = hyper.beta2 * v[index]! + (1 - hyper.beta2) * g * g;
    const mean = m[index]! / (1 - hyper.beta1 ** step);
    const variance = v[index]! / (1 - hyper.beta2 ** step);
    const decayed = parameter[index]! * (1 - hyper.learningRate * hyper.weightDecay);
    parameter[index] = decayed - (hyper.learningRate * mean) / (Math.sqrt(variance) + hyper.epsilon);
  }
}

describe("adamwStep", () => {
  test("equals double-precision AdamW to 2e-6 after five steps, at any length", () => {
    fc.assert(
      fc.property(lengths, fc.nat(), (length, seed) => {
        arena.freeAll();
        const slow = { parameter: values(length, seed), m: values(0, 0), v: values(0, 0) };
        slow.m = slow.parameter.map(() => 0);
        slow.v = slow.parameter.map(() => 0);
        const [parameter, firstMoment, secondMoment] = [view(slow.parameter), view(slow.m), view(slow.v)];
        const gradient = arena.allocate(length);
        for (let step = 1; step <= 5; step++) {
          const gradients = values(length, seed + step);
          gradient.set(gradients);
          slowAdamW(slow.parameter, [...gradient], slow.m, slow.v, step, 0.5);
          adamwStep({ parameter, gradient, firstMoment, secondMoment, ...hyper, step, gradientScale: 0.5 });
        }
        for (const index of parameter.keys()) expect(parameter[index]).toBeCloseTo(slow.parameter[index]!, 5.4);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  test("gives an element the same bits wherever it stands", () => {
    arena.freeAll();
    const state = (): AdamWStep => ({
      parameter: view(Array(11).fill(0.3)),
      gradient: view(Array(11).fill(-0.7)),
      firstMoment: view(Array(11).fill(0.01)),
      secondMoment: view(Array(11).fill(0.02)),
      ...hyper,
      step: 3,
    });
    const once = state();
    const again = state();
    adamwStep(once);
    adamwStep(again);
    expect(new Set(once.parameter).size).toBe(1);
    expect(again.parameter).toEqual(once.parameter);
  });

  test("refuses arrays of different lengths", () => {
    arena.freeAll();
    const three = view([1, 2, 3]);
    const step = { firstMoment: view([0, 0, 0]), secondMoment: view([0, 0, 0]), ...hyper, step: 1 };
    expect(() => adamwStep({ parameter: three, gradient: view([1, 2]), ...step })).toThrow(
      "adamwStep: found arrays of 3 and 2 elements; expected one length, in one arena.",
    );
  });
});

test("sumOfSquares equals the sum in double precision to one part in a million, across blocks", () => {
  for (const length of [1, 3, 4, 4095, 4096, 4097, 100_003]) {
    arena.freeAll();
    const numbers = view(values(length, length));
    const slow = numbers.reduce((total, value) => total + value * value, 0);
    expect(Math.abs(sumOfSquares(numbers) / slow - 1)).toBeLessThan(1e-6);
  }
});

test("firstNonFinite finds the first NaN or infinity, and nothing in finite numbers", () => {
  fc.assert(
    fc.property(lengths, fc.nat(), fc.constantFrom(Number.NaN, Infinity, -Infinity), (length, place, strange) => {
      arena.freeAll();
      const numbers = view(values(length, place));
      numbers[length - 1] = 3.4e38;
      expect(firstNonFinite(numbers)).toBeUndefined();
      const index = place % length;
      numbers[index] = strange;
      numbers[length - 1] = Number.isFinite(numbers[length - 1]) ? Number.NaN : numbers[length - 1]!;
      expect(firstNonFinite(numbers)).toBe(index);
    }),
    { numRuns: 60, seed: 2 },
  );
});

test("accumulate and scale do what the loops would", () => {
  arena.freeAll();
  const target = view(values(13, 1));
  const source = view(values(13, 2));
  const expected = target.map((value, index) => Math.fround(value + source[index]!) * 0.25);
  accumulate(target, source);
  scale(target, 0.25);
  expect(target).toEqual(Float32Array.from(expected));
});

describe("WasmArena", () => {
  test("hands out zeros aligned to 64 bytes, also after freeAll", () => {
    const own = new WasmArena(WasmArena.bytesFor([5, 20]));
    for (const round of [0, 1]) {
      const five = own.allocate(5);
      const twenty = own.allocate(20);
      expect([five.byteOffset % 64, twenty.byteOffset % 64]).toEqual([0, 0]);
      expect(
        [...five, ...twenty].every((value) => value === 0),
        `round ${round}`,
      ).toBe(true);
      expect(own.bytesUsed).toBe(64 + 128);
      five.fill(1);
      twenty.fill(1);
      own.freeAll();
    }
  });

  test("refuses what does not fit, and more than 4 GiB, naming the way out", () => {
    const own = new WasmArena(64);
    expect(() => own.allocate(1_000_000)).toThrow(ArenaFullError);
    expect(() => new WasmArena(5 * 2 ** 30)).toThrow("train with the optimiser inside the graph");
  });

  test("works up to its last byte at 4 GiB", () => {
    const own = new WasmArena(4 * 2 ** 30 - 128);
    own.allocate(own.capacityBytes / 4 - 16);
    const last = own.allocate(16);
    last.fill(3);
    expect(sumOfSquares(last)).toBe(144);
    expect(firstNonFinite(last)).toBeUndefined();
  });

  test("kernels refuse arrays from elsewhere", () => {
    expect(() => sumOfSquares(new Float32Array(4))).toThrow(ShapeError);
  });
});
