import fc from "fast-check";
import { expect, test } from "vitest";
import { readNumber } from "./number-field.ts";

test("an empty field leaves the choice to the model", () => {
  expect(readNumber("  ", 0, 2, false)).toBeUndefined();
});

test("full-width digits and points are numbers too", () => {
  expect(readNumber("０．７", 0, 2, false)).toBe(0.7);
  expect(readNumber("1。5", 0, 2, false)).toBe(1.5);
});

test.each(["x", "1e999", "-1", "3", "NaN", "0.5.1"])("%s is refused in a range from 0 to 2", (text) => {
  expect(readNumber(text, 0, 2, false)).toBeNull();
});

test("whatever is typed, a number that passes is in the range and whole where it must be", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.double().map(String), fc.integer().map(String)),
      fc.boolean(),
      (text, isWhole) => {
        const value = readNumber(text, 1, 4096, isWhole);
        if (typeof value !== "number") return;
        expect(value).toBeGreaterThanOrEqual(1);
        expect(value).toBeLessThanOrEqual(4096);
        if (isWhole) expect(Number.isInteger(value)).toBe(true);
      },
    ),
  );
});
