import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { permutation, Random, randomStream } from "./random.ts";

describe("Random", () => {
  test("gives the numbers of the authors' C code", () => {
    // xoshiro128starstar.c with s = {1, 2, 3, 4}.
    const random = new Random([1, 2, 3, 4]);
    expect([random.next(), random.next(), random.next(), random.next()]).toEqual([11520, 0, 5927040, 70819200]);
  });

  test("continues from its state", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(100), (seed, count) => {
        const random = randomStream(seed, "x");
        for (let index = 0; index < count; index++) random.next();
        const other = new Random(JSON.parse(JSON.stringify(random.state)));
        expect([other.next(), other.uniform(), other.normal()]).toEqual([
          random.next(),
          random.uniform(),
          random.normal(),
        ]);
      }),
      { seed: 1 },
    );
  });

  test("streams of different names differ", () => {
    expect(randomStream(1, "weights").next()).not.toBe(randomStream(1, "shuffle").next());
    expect(randomStream(1, "weights").next()).not.toBe(randomStream(2, "weights").next());
  });

  test("normal numbers have mean 0 and variance 1", () => {
    const random = randomStream(7, "normal");
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
  });

  test("integers below a bound are equally likely", () => {
    const random = randomStream(3, "integers");
    const counts = [0, 0, 0];
    for (let index = 0; index < 30_000; index++) counts[random.integer(3)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });
});

test("a permutation holds every number once", () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(), (length, seed) => {
      const sorted = [...permutation(length, randomStream(seed, "p"))].sort((one, other) => one - other);
      expect(sorted).toEqual(Array.from({ length }, (_, index) => index));
    }),
    { seed: 1 },
  );
});
