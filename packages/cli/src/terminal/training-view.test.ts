import type { StepEvent, TrainingEvent } from "@myna/training";
import { describe, expect, test } from "vitest";
import { createFakeStream } from "./fake-stream.ts";
import { createTrainingView } from "./training-view.ts";
import { displayWidth } from "./width.ts";

const start: TrainingEvent = {
  type: "start",
  stage: "pretrain",
  run: "第一次",
  steps: 200,
  firstStep: 0,
  parameters: 4_212_480,
  tokensPerStep: 4096,
};

const step = (number: number): StepEvent => ({
  type: "step",
  step: number,
  steps: 200,
  loss: 5 * Math.exp(-number / 60) + 2,
  learningRate: 0.0003,
  gradientNorm: 0.8765,
  parameterNorm: 123.45,
  tokensPerSecond: 12_345.6,
  share: 0.614,
  secondsLeft: 192,
});

const evaluation: TrainingEvent = {
  type: "evaluation",
  step: 100,
  loss: 2.9,
  perplexity: 18.17,
  bitsPerByte: 1.2345,
  isBest: true,
};
const sample: TrainingEvent = {
  type: "sample",
  step: 100,
  prompt: "Once",
  text: " upon a time\nthere was\u001b[2J 八哥",
};
const checkpoint: TrainingEvent = { type: "checkpoint", step: 100, path: "runs/第一次/checkpoints/100" };
const end: TrainingEvent = {
  type: "end",
  reason: "stopped",
  step: 120,
  seconds: 75,
  checkpoint: "runs/第一次/checkpoints/120",
  loss: 2.5,
};

function play(
  events: readonly TrainingEvent[],
  options: { isTTY: boolean; isJson?: boolean; columns?: number; noColour?: boolean },
) {
  let clock = 0;
  const stream = createFakeStream(options);
  const output = createFakeStream({ isTTY: false });
  const environment = options.noColour === false ? {} : { NO_COLOR: "1" };
  const view = createTrainingView({ stream, output, isJson: options.isJson ?? false, environment, now: () => clock });
  for (const event of events) {
    clock += 1000;
    view.show(event);
  }
  view.close();
  return { stream, output };
}

const steps = Array.from({ length: 120 }, (_, index) => step(index + 1));

describe("on a terminal", () => {
  test("the block shows the curve, how far it is, the speed, the last evaluation and sample", () => {
    const { stream } = play([start, ...steps, evaluation, sample], { isTTY: true, columns: 60 });
    expect(stream.screen()).toMatchSnapshot();
  });

  test("before the first step the line at the bottom says what is done, and is gone when it is over", () => {
    const passing = (text: string): TrainingEvent => ({ type: "note", level: "info", text, isPassing: true });
    const events = [passing("tokenising a: 1 %"), passing("tokenising a: 90 %")];
    expect(play(events.slice(0, 1), { isTTY: true }).stream.text).toContain("tokenising a: 1 % …");
    const { stream } = play([...events, { type: "note", level: "info", text: "written" }], { isTTY: true });
    expect(stream.screen()).toEqual(["written", ""]);
    const log = play([...Array.from({ length: 25 }, () => events[0]!)], { isTTY: false }).stream.text;
    expect(log.split("\n")).toHaveLength(3);
  });

  test("what was said before stays above the block, which is drawn once only", () => {
    const later = { ...evaluation, step: 120, bitsPerByte: 1.1 } as TrainingEvent;
    const { stream } = play([start, ...steps.slice(0, 20), evaluation, checkpoint, later, end], {
      isTTY: true,
      columns: 60,
    });
    const screen = stream.screen();
    expect(screen.slice(0, 2)).toEqual([
      "checkpoint at step 100: runs/第一次/checkpoints/100",
      "validation at step 100: loss 2.9000, perplexity 18.17, 1.2345 bits/byte, best so far",
    ]);
    expect(screen.filter((line) => line.includes("4.21M parameters"))).toHaveLength(1);
    expect(screen.slice(-4)).toEqual([
      "best so far  at step 120",
      "stopped as asked after 120 steps in 1 min 15 s, loss 2.5000",
      "last checkpoint: runs/第一次/checkpoints/120",
      "",
    ]);
  });

  test("no line of the block reaches the last column, in any width", () => {
    for (const columns of [20, 33, 47, 80, 200]) {
      const { stream } = play([start, ...steps, evaluation, sample], { isTTY: true, columns });
      for (const line of stream.screen()) expect(displayWidth(line)).toBeLessThan(columns);
    }
  });

  test("a sample cannot send commands to the terminal", () => {
    const { stream } = play([start, step(1), sample], { isTTY: true });
    expect(stream.text).not.toContain("\u001b[2J");
    expect(stream.screen().join("\n")).toContain("Once▸ upon a time ⏎ there was␛[2J 八哥");
  });

  test("it is drawn at most ten times a second", () => {
    let clock = 0;
    const stream = createFakeStream({ isTTY: true });
    const view = createTrainingView({ stream, output: stream, isJson: false, environment: {}, now: () => clock });
    view.show(start);
    for (let number = 1; number <= 1000; number++) {
      clock += 1;
      view.show(step(number));
    }
    expect(stream.text.split("tokens/s").length - 1).toBeLessThanOrEqual(10);
    view.close();
  });

  test("the cursor comes back, also when a stage fails before its end", () => {
    const { stream } = play([start, step(1)], { isTTY: true });
    expect(stream.text.lastIndexOf("\u001b[?25h")).toBeGreaterThan(stream.text.lastIndexOf("\u001b[?25l"));
  });

  test("NO_COLOR leaves no colour", () => {
    expect(play([start, step(1)], { isTTY: true }).stream.text).not.toMatch(/\u001b\[\d+m/);
    expect(play([start, step(1)], { isTTY: true, noColour: false }).stream.text).toMatch(/\u001b\[\d+m/);
  });
});

test("elsewhere there are plain lines, steps one in ten seconds", () => {
  const { stream } = play([start, ...steps.slice(0, 25), evaluation, sample, checkpoint, end], { isTTY: false });
  expect(stream.text).toBe(`pretrain 第一次: 4.21M parameters, 200 steps of 4,096 tokens
step 1/200  loss 6.9174  learning rate 3.00e-4  gradient norm 0.88  parameter norm 123.5  12,346 tokens/s  61 % of peak  3 min 12 s left
step 11/200  loss 6.1625  learning rate 3.00e-4  gradient norm 0.88  parameter norm 123.5  12,346 tokens/s  61 % of peak  3 min 12 s left
step 21/200  loss 5.5234  learning rate 3.00e-4  gradient norm 0.88  parameter norm 123.5  12,346 tokens/s  61 % of peak  3 min 12 s left
validation at step 100: loss 2.9000, perplexity 18.17, 1.2345 bits/byte, best so far
sample at step 100: Once▸ upon a time ⏎ there was␛[2J 八哥
checkpoint at step 100: runs/第一次/checkpoints/100
stopped as asked after 120 steps in 1 min 15 s, loss 2.5000
last checkpoint: runs/第一次/checkpoints/120
`);
});

test("--json gives every event as one line on the output, and nothing else anywhere", () => {
  const events = [start, step(1), evaluation, sample, checkpoint, end];
  const { stream, output } = play(events, { isTTY: true, isJson: true });
  expect(stream.text).toBe("");
  expect(
    output.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(events);
});

test("a run of a million steps keeps a bounded curve", async () => {
  const { applyEvent, createTrainingState } = await import("./training-state.ts");
  const state = createTrainingState();
  for (let number = 1; number <= 100_000; number++) applyEvent(state, step(number));
  expect(state.losses.length).toBeLessThan(4096);
  expect(state.losses.length * state.stepsPerLoss + state.pending.count).toBe(100_000);
});
