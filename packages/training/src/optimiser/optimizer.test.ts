import { hostTensor } from "@myna/tensor";
import { describe, expect, test } from "vitest";
import { chooseOptimizer } from "./choose-optimizer.ts";
import { createOptimizer, type Optimizer, type OptimizerOptions } from "./optimizer.ts";

const options: OptimizerOptions = {
  parameters: [
    { name: "weight", shape: [2, 3], isDecayed: true },
    { name: "norm", shape: [3], isDecayed: false },
  ],
  beta1: 0.9,
  beta2: 0.95,
  weightDecay: 0.1,
  clip: 1,
};

function fill(optimizer: Optimizer, gradient: number): void {
  for (const { data } of Object.values(optimizer.gradients)) data.fill(gradient);
}

function createWith(changes: Partial<OptimizerOptions> = {}): Optimizer {
  const optimizer = createOptimizer({ ...options, ...changes });
  for (const { data } of Object.values(optimizer.parameters)) data.fill(1);
  return optimizer;
}

const weightsOf = (optimizer: Optimizer) => Object.values(optimizer.parameters).flatMap(({ data }) => [...data]);

const kinds = ["wasm", "graph"] as const;

describe.each(kinds)("createOptimizer in %s", (kind) => {
  const create = (changes: Partial<OptimizerOptions> = {}) => createWith({ kind, ...changes });

  test("an update moves against the gradient by the learning rate; vectors do not decay", () => {
    const optimizer = create();
    fill(optimizer, 0.1);
    const { gradientNorm, clipShare, parameterNorm } = optimizer.update({
      learningRate: 0.01,
      measureParameters: true,
    });
    expect(gradientNorm).toBeCloseTo(0.3, 6);
    expect(clipShare).toBe(1);
    expect(optimizer.parameters.weight!.data[0]).toBeCloseTo(1 - 0.01 * 0.1 - 0.01, 6);
    expect(optimizer.parameters.norm!.data[0]).toBeCloseTo(1 - 0.01, 6);
    expect(parameterNorm).toBeCloseTo(Math.hypot(...weightsOf(optimizer)), 5);
  });

  test("gradients are clipped to the global norm", () => {
    const [clipped, scaled] = [create(), create({ clip: Number.POSITIVE_INFINITY })];
    fill(clipped, 2); // norm 6
    fill(scaled, 2 / 6);
    expect(clipped.update({ learningRate: 0.01 })).toEqual({ gradientNorm: 6, clipShare: 1 / 6 });
    scaled.update({ learningRate: 0.01 });
    const moment = (optimizer: Optimizer) => optimizer.exportState().tensors["first_moment.norm"]!.data[0]!;
    expect(moment(clipped)).toBeCloseTo(moment(scaled), 7);
  });

  test("micro-batches weighted by their tokens equal their mean as one batch", () => {
    const [accumulated, whole] = [create({ accumulates: true }), create()];
    for (const [gradient, tokens] of [
      [0.1, 10],
      [0.4, 30],
      [-0.2, 20],
    ] as const) {
      fill(accumulated, gradient);
      accumulated.addGradients(tokens);
    }
    fill(whole, (0.1 * 10 + 0.4 * 30 - 0.2 * 20) / 60);
    for (let update = 0; update < 2; update++) {
      expect(accumulated.update({ learningRate: 0.01 }).gradientNorm).toBeCloseTo(
        whole.update({ learningRate: 0.01 }).gradientNorm,
        6,
      );
      fill(accumulated, 0.3);
      accumulated.addGradients();
      fill(whole, 0.3);
    }
    for (const [index, value] of weightsOf(accumulated).entries())
      expect(value).toBeCloseTo(weightsOf(whole)[index]!, 6);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "a gradient of %s names its parameter and changes nothing",
    (bad) => {
      const optimizer = create();
      fill(optimizer, 0.1);
      optimizer.gradients.norm!.data[1] = bad;
      expect(() => optimizer.update({ learningRate: 0.01 })).toThrow(
        `gradient of norm at update 1: found ${bad} at element 1 of 3; expected finite numbers.`,
      );
      expect(weightsOf(optimizer)).toEqual(Array(9).fill(1));
      expect(optimizer.updates).toBe(0);
    },
  );

  test("gradients of replicas add up, with and without accumulation", () => {
    const split = create({ replicas: 3 });
    split.gradientSets.forEach((set, index) => {
      for (const { data } of Object.values(set)) data.fill(0.1 * (index + 1));
    });
    const whole = create();
    fill(whole, 0.6);
    const accumulated = create({ replicas: 2, accumulates: true });
    for (const weight of [1, 3]) {
      for (const set of accumulated.gradientSets) for (const { data } of Object.values(set)) data.fill(0.3);
      accumulated.addGradients(weight);
    }
    const { gradientNorm } = whole.update({ learningRate: 0.01 });
    for (const optimizer of [split, accumulated]) {
      expect(optimizer.update({ learningRate: 0.01 }).gradientNorm).toBeCloseTo(gradientNorm, 6);
      for (const [index, value] of weightsOf(optimizer).entries())
        expect(value).toBeCloseTo(weightsOf(whole)[index]!, 6);
    }
  });

  test("an optimiser that takes over exported state continues bit for bit", () => {
    const [first, second] = [create(), create()];
    const run = (optimizer: Optimizer, updates: number) => {
      for (let update = 0; update < updates; update++) {
        fill(optimizer, 0.3 / (optimizer.updates + 1));
        optimizer.update({ learningRate: 0.01 });
      }
    };
    run(first, 3);
    const saved = structuredClone(first.exportState());
    for (const [name, { data }] of Object.entries(first.parameters)) second.parameters[name]!.data.set(data);
    second.importState(saved);
    run(first, 4);
    run(second, 4);
    expect(weightsOf(second)).toEqual(weightsOf(first));
    expect(second.updates).toBe(7);
  });

  test("state of another model is refused by tensor and shape", () => {
    const optimizer = create();
    const state = optimizer.exportState();
    const { "first_moment.norm": _, ...fewer } = state.tensors;
    expect(() => optimizer.importState({ ...state, tensors: fewer })).toThrow(
      "optimizer.safetensors, tensor first_moment.norm: found nothing; expected shape [3], as the model has.",
    );
    const wider = { ...state.tensors, "second_moment.norm": hostTensor("float32", [4]) };
    expect(() => optimizer.importState({ ...state, tensors: wider })).toThrow("found shape [4]; expected shape [3]");
  });
});

test("graph and WebAssembly give the same updates to 1e-6, over several blocks", () => {
  const big: OptimizerOptions = { ...options, parameters: [{ name: "w", shape: [2100, 1000], isDecayed: true }] };
  const [wasm, graph] = kinds.map((kind) => createWith({ ...big, kind, accumulates: true }));
  for (let update = 0; update < 3; update++) {
    for (const optimizer of [wasm!, graph!]) {
      const { data } = optimizer.gradients.w!;
      for (let index = 0; index < data.length; index++) data[index] = Math.sin(index + update) * 1e-3;
      optimizer.addGradients(3);
    }
    const [one, other] = [wasm!, graph!].map((optimizer) =>
      optimizer.update({ learningRate: 0.01, measureParameters: true }),
    );
    expect(other!.gradientNorm).toBeCloseTo(one!.gradientNorm, 4);
    expect(Math.abs(other!.parameterNorm! / one!.parameterNorm! - 1)).toBeLessThan(1e-5);
  }
  const [one, other] = [wasm!.parameters.w!.data, graph!.parameters.w!.data];
  expect(one.reduce((worst, value, index) => Math.max(worst, Math.abs(value - other[index]!)), 0)).toBeLessThan(1e-6);
});

test("the graph takes over where WebAssembly's memory ends", () => {
  expect(chooseOptimizer(250_000_000).kind).toBe("wasm");
  expect(chooseOptimizer(250_000_000, true).kind).toBe("graph");
  expect(chooseOptimizer(300_000_000)).toEqual({
    kind: "graph",
    note: "AdamW inside the compiled graph, 4.5 GiB for weights, gradients and moments: more than WebAssembly's 4 GiB",
  });
});
