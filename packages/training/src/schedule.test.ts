import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { learningRateAt, type Schedule, scheduleFromShares } from "./schedule.ts";

const rates = (schedule: Schedule) =>
  Array.from({ length: schedule.steps }, (_, step) => Number(learningRateAt(step, schedule).toFixed(6)));

describe("learningRateAt", () => {
  test("cosine warms up, falls through the middle and ends at its final share", () => {
    const schedule: Schedule = { kind: "cosine", peak: 1, steps: 6, warmupSteps: 2, finalShare: 0.1 };
    expect(rates(schedule)).toEqual([0.5, 1, 0.868198, 0.55, 0.231802, 0.1]);
  });

  test("warmup, stable, decay has its three parts", () => {
    const schedule: Schedule = { kind: "wsd", peak: 1, steps: 8, warmupSteps: 2, decaySteps: 4, finalShare: 0 };
    expect(rates(schedule)).toEqual([0.5, 1, 1, 1, 0.75, 0.5, 0.25, 0]);
  });

  test("linear falls straight, constant stays", () => {
    expect(rates({ kind: "linear", peak: 1, steps: 4, warmupSteps: 0 })).toEqual([0.75, 0.5, 0.25, 0]);
    expect(rates({ kind: "constant", peak: 2, steps: 3, warmupSteps: 1 })).toEqual([2, 2, 2]);
  });

  test("stays between 0 and the peak, and never rises after the warmup", () => {
    const kinds = fc.constantFrom("cosine", "wsd", "linear", "constant");
    const share = fc.double({ min: 0, max: 0.5, noNaN: true });
    fc.assert(
      fc.property(kinds, fc.integer({ min: 1, max: 200 }), share, share, share, (kind, steps, warmup, decay, final) => {
        const schedule = scheduleFromShares({ kind, peak: 0.01, steps, warmup, decay, finalShare: final });
        let previous = Number.POSITIVE_INFINITY;
        for (let step = 0; step < steps; step++) {
          const rate = learningRateAt(step, schedule);
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(0.01 + 1e-15);
          if (step >= schedule.warmupSteps) {
            expect(rate).toBeLessThanOrEqual(previous + 1e-15);
            previous = rate;
          }
        }
      }),
      { seed: 1 },
    );
  });

  test("warmup and decay longer than the run are refused", () => {
    const options = { kind: "wsd", peak: 1, steps: 10, warmup: 0.6, decay: 0.5 } as const;
    expect(() => scheduleFromShares(options)).toThrow(
      "schedule wsd: found a warmup of 0.6 and a decay of 0.5 of the steps; expected at most 1 together.",
    );
  });
});
