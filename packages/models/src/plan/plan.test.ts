import {
  eliminateCommonSubexpressions,
  optimise,
  type Program,
  type TensorRecord,
  traceProgram,
  withGradients,
} from "@myna/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDecoderConfig } from "../config/create-config.ts";
import type { Architecture, DecoderConfig } from "../config/decoder-config.ts";
import { decoder } from "../decoder/decoder.ts";
import { nextTokenLoss } from "../decoder/next-token-loss.ts";
import { decoderParameters } from "../decoder/parameters.ts";
import { arbitraryConfig } from "../testing/arbitrary-config.ts";
import { decoderForDepth } from "./decoder-for-depth.ts";
import { planDecoder } from "./plan-decoder.ts";

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

test("the planned number of parameters is that of decoderParameters, for every configuration", () => {
  fc.assert(
    fc.property(arbitraryConfig, (config) => {
      const total = decoderParameters(config).reduce((sum, { shape }) => sum + count(shape), 0);
      expect(planDecoder(config, { batch: 1, time: 2 }).parameters.total).toBe(total);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("published models have the number of parameters that they are published with", () => {
  const gpt2 = createDecoderConfig("gpt2", { vocabulary: 50_257, width: 768, layers: 12, heads: 12, context: 1024 });
  expect(planDecoder(gpt2, { batch: 1, time: 1 }).parameters.total).toBe(124_439_808);
  const qwen3 = createDecoderConfig("qwen3", {
    vocabulary: 151_936,
    width: 1024,
    layers: 28,
    heads: 16,
    kvHeads: 8,
    headDim: 128,
    mlpWidth: 3072,
    context: 40_960,
  });
  expect(planDecoder(qwen3, { batch: 1, time: 1 }).parameters.total).toBe(596_049_920);
});

describe("work", () => {
  const config = createDecoderConfig("qwen3", {
    vocabulary: 11,
    width: 8,
    layers: 3,
    heads: 2,
    kvHeads: 1,
    headDim: 6,
    mlpWidth: 5,
    context: 64,
  });

  test("is twice the products in the traced program, where masked pairs are not counted", () => {
    const time = 4;
    const tokens = { type: "int64", shape: [1, time] } as const;
    const program = forward(config, tokens.shape);
    // gemm [rows, k] [k, n]: the attention operator is counted by hand, every query against the keys up to it.
    const products = program.operations.reduce((sum, operation) => {
      if (operation.operator !== "gemm") return sum;
      const [a, b] = operation.inputs;
      return sum + a!.shape[0]! * count(b!.shape);
    }, 0);
    const attention = config.layers * config.heads * 2 * config.headDim * ((time * (time + 1)) / 2);
    const head = time * config.vocabulary * config.width;
    expect(planDecoder(config, { batch: 1, time }).flopsPerToken.forward * time).toBe(
      2 * (products + attention + head),
    );
  });

  test("of training is three times that of the forward pass", () => {
    const { forward, training } = planDecoder(config, { batch: 1, time: 64 }).flopsPerToken;
    expect(training).toBe(3 * forward);
  });
});

function forward(config: DecoderConfig, shape: readonly number[], hasLoss = false): Program {
  const ids = { type: "int64", shape } as const;
  const weights = decoderParameters(config).map((spec) => [spec.name, { type: "float32", shape: spec.shape }] as const);
  return traceProgram({ tokens: ids, targets: ids, ...Object.fromEntries(weights) }, (x): TensorRecord => {
    const hidden = decoder(config, x, { tokens: x.tokens! });
    return hasLoss ? { loss: nextTokenLoss(config, x, hidden, x.targets!) } : { hidden };
  });
}

/** Most bytes of values that are alive at once when the operations run in order; reshapes share their input's memory. */
function peakBytes(program: Program): number {
  const sharedWith = new Map<object, object>();
  const ownerOf = (value: object): object => {
    const owner = sharedWith.get(value);
    return owner === undefined ? value : ownerOf(owner);
  };
  const lastUse = new Map<object, number>();
  program.operations.forEach(({ operator, inputs, outputs }, index) => {
    if (operator === "reshape") sharedWith.set(outputs[0]!, inputs[0]!);
    for (const input of inputs) lastUse.set(ownerOf(input), index);
  });
  const isOutput = new Set([...program.outputs.values()].map(ownerOf));
  const alive = new Map<object, number>();
  let bytes = 0;
  let peak = 0;
  program.operations.forEach(({ operator, inputs, outputs }, index) => {
    for (const output of outputs) {
      if (operator === "reshape" || operator === "constant" || isOutput.has(output) || !lastUse.has(output)) continue;
      alive.set(output, 4 * count(output.shape));
      bytes += 4 * count(output.shape);
    }
    peak = Math.max(peak, bytes);
    for (const owner of inputs.map(ownerOf)) {
      if (lastUse.get(owner) !== index) continue;
      bytes -= alive.get(owner) ?? 0;
      alive.delete(owner);
    }
  });
  return peak;
}

test.each<[Architecture, number, number]>([
  ["qwen3", 6, 256],
  ["qwen3", 2, 64],
  ["llama", 4, 512],
  ["gpt2", 6, 256],
])(
  "planned activations of a %s with %i layers and %i tokens are those of the compiled program within a fifth",
  (architecture, layers, time) => {
    const kvHeads = architecture === "gpt2" ? 4 : 2;
    const sizes = { vocabulary: 2048, width: 256, layers, heads: 4, kvHeads, context: time };
    const config = createDecoderConfig(architecture, sizes);
    const batch = 4;
    const traced = eliminateCommonSubexpressions(forward(config, [batch, time], true));
    const to = decoderParameters(config).map(({ name }) => name);
    const measured = peakBytes(optimise(withGradients(traced, { of: "loss", to })));
    const planned = planDecoder(config, { batch, time }).training.activationBytes;
    expect(planned / measured).toBeGreaterThan(0.8);
    expect(planned / measured).toBeLessThan(1.2);
  },
);

describe("the ladder of depths", () => {
  const ladder = (depth: number) => decoderForDepth(depth, { vocabulary: 16_384 });

  test("has the shapes that the benchmarks use", () => {
    const [six, eight] = [ladder(6).config, ladder(8).config];
    expect([six.width, six.heads, six.kvHeads, six.headDim, six.mlpWidth]).toEqual([384, 6, 3, 64, 1024]);
    expect([eight.width, eight.heads, eight.kvHeads, eight.headDim, eight.mlpWidth]).toEqual([512, 8, 4, 64, 1408]);
  });

  test("trains 12 layers as its references say", () => {
    const { learningRate, batchTokens, tokens, config } = ladder(12);
    expect([learningRate, batchTokens]).toEqual([6e-4, 2 ** 18]);
    expect(tokens).toBe(20 * planDecoder(config, { batch: 1, time: 1 }).parameters.total);
  });

  test("grows in every size and slows its learning, step by step", () => {
    for (let depth = 2; depth <= 40; depth++) {
      const [before, after] = [ladder(depth - 1), ladder(depth)];
      expect(after.config.width).toBeGreaterThanOrEqual(before.config.width);
      expect(after.tokens).toBeGreaterThan(before.tokens);
      expect(after.batchTokens).toBeGreaterThanOrEqual(before.batchTokens);
      expect(after.learningRate).toBeLessThanOrEqual(before.learningRate);
    }
  });

  test("takes a budget and sizes of one's own", () => {
    const own = decoderForDepth(6, { vocabulary: 16_384, tokens: 50e6, width: 256, heads: 8, context: 256 });
    expect(own.config).toMatchObject({ width: 256, heads: 8, kvHeads: 4, headDim: 32, context: 256 });
    expect(own.tokens).toBe(50e6);
    expect(own.batchTokens).toBeLessThan(ladder(6).batchTokens);
    expect(own.steps).toBe(Math.ceil(50e6 / own.batchTokens));
  });

  test("refuses a depth that is not a number of layers", () => {
    expect(() => ladder(0)).toThrow(/depth: found 0; expected a whole number of layers from 1 to 200/);
    expect(() => ladder(2.5)).toThrow(/found 2.5/);
  });
});
