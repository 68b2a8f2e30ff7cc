import { expect, test } from "vitest";
import { stepRows } from "./micro-batch.ts";

test("the largest divisor within 4,096 tokens is computed at once", () => {
  expect(stepRows(16_384, 512)).toEqual({ microBatch: 8, accumulate: 4 });
  expect(stepRows(12 * 64, 64)).toEqual({ microBatch: 12, accumulate: 1 });
  expect(stepRows(100, 512)).toEqual({ microBatch: 1, accumulate: 1 });
  expect(stepRows(7 * 1024, 1024)).toEqual({ microBatch: 1, accumulate: 7 });
});

test("a micro-batch that does not divide the batch is refused with numbers that fit", () => {
  expect(() => stepRows(8192, 512, 5)).toThrow(
    "--micro-batch: found 5 sequences in a batch of 16; expected a number that divides the batch. To fix: pass --batch 7680, or a micro-batch such as 8.",
  );
});
