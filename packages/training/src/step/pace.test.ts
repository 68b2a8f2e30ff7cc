import { expect, test } from "vitest";
import { startPace } from "./pace.ts";

test("speed counts steps, the estimate everything between them", () => {
  let clock = 0;
  const pace = startPace(() => clock);
  expect(pace.secondsLeft(10)).toBe(0);
  for (let step = 0; step < 4; step++) {
    clock += 1500; // a second of step and half a second of evaluation
    pace.tick(2000, 1000);
  }
  expect(pace.tokensPerSecond()).toBe(2000);
  expect(pace.secondsLeft(10)).toBe(15);
});

test("speed forgets steps older than the last twenty", () => {
  const pace = startPace(() => 0);
  pace.tick(1, 1000);
  for (let step = 0; step < 20; step++) pace.tick(100, 1000);
  expect(pace.tokensPerSecond()).toBe(100);
});
