import { type HostTensor, hostTensor } from "@myna/tensor";
import { describe, expect, test } from "vitest";
import { createDecoderConfig } from "../config/create-config.ts";
import type { Architecture, DecoderConfig } from "../config/decoder-config.ts";
import { ConfigError } from "../errors.ts";
import { int64, logitsOf, runDecoder } from "../testing/run-decoder.ts";
import { initialiseParameters } from "./initialise.ts";
import { decoderParameters } from "./parameters.ts";

const sizes = { vocabulary: 13, width: 32, layers: 2, heads: 2, context: 24 };
const architectures: Architecture[] = ["qwen3", "gpt2"];

/** A model whose attention is far from uniform. */
function lively(architecture: Architecture, seed = 1): { config: DecoderConfig; weights: Map<string, HostTensor> } {
  const config = createDecoderConfig(architecture, sizes, { initialiserRange: 0.4 });
  return { config, weights: initialiseParameters(config, seed) };
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, index) => void expect(value).toBeCloseTo(expected[index]!, 4));
}

describe.each(architectures)("%s", (architecture) => {
  const { config, weights } = lively(architecture);
  const [a, b] = [
    [3, 1, 4, 1, 5],
    [9, 2, 6],
  ] as const;

  test("a token's logits do not depend on later tokens", async () => {
    const one = await runDecoder(config, weights, { tokens: int64([[1, 2, 3, 4, 5]]) });
    const other = await runDecoder(config, weights, { tokens: int64([[1, 2, 3, 9, 0]]) });
    expectClose(logitsOf(one, 0, 0, 3), logitsOf(other, 0, 0, 3));
    expect(logitsOf(one, 0, 3, 4)).not.toEqual(logitsOf(other, 0, 3, 4));
  });

  test("documents packed into one row give the logits that each gives alone", async () => {
    const packed = await runDecoder(
      config,
      weights,
      {
        tokens: int64([[...a, ...b]]),
        documents: int64([[7, 7, 7, 7, 7, 8, 8, 8]]),
        positions: int64([[0, 1, 2, 3, 4, 0, 1, 2]]),
      },
      (x) => ({ documents: x.documents!, positions: x.positions! }),
    );
    const alone = await Promise.all([a, b].map((tokens) => runDecoder(config, weights, { tokens: int64([tokens]) })));
    expectClose(logitsOf(packed, 0, 0, 5), logitsOf(alone[0]!, 0, 0, 5));
    expectClose(logitsOf(packed, 0, 5, 8), logitsOf(alone[1]!, 0, 0, 3));
  });

  test("padding before or after a row changes nothing on its tokens", async () => {
    const padded = await runDecoder(
      config,
      weights,
      {
        tokens: int64([[0, 0, ...b], a, [...b, 0, 0]]),
        mask: int64([
          [0, 0, 1, 1, 1],
          [1, 1, 1, 1, 1],
          [1, 1, 1, 0, 0],
        ]),
        positions: int64([
          [0, 0, 0, 1, 2],
          [0, 1, 2, 3, 4],
          [0, 1, 2, 0, 0],
        ]),
      },
      (x) => ({ paddingMask: x.mask!, positions: x.positions! }),
    );
    const alone = await Promise.all([a, b].map((tokens) => runDecoder(config, weights, { tokens: int64([tokens]) })));
    expectClose(logitsOf(padded, 0, 2, 5), logitsOf(alone[1]!, 0, 0, 3));
    expectClose(logitsOf(padded, 1, 0, 5), logitsOf(alone[0]!, 0, 0, 5));
    expectClose(logitsOf(padded, 2, 0, 3), logitsOf(alone[1]!, 0, 0, 3));
  });

  test("dropout follows its seed, and with probability 0 leaves everything", async () => {
    const run = async (probability: number, seed: number) =>
      logitsOf(
        await runDecoder(
          config,
          weights,
          { tokens: int64([a]), seed: hostTensor("int64", [], BigInt64Array.of(BigInt(seed))) },
          (x) => ({ dropout: { probability, seed: x.seed! } }),
        ),
        0,
        0,
        5,
      );
    expect(await run(0.3, 1)).toEqual(await run(0.3, 1));
    expect(await run(0.3, 1)).not.toEqual(await run(0.3, 2));
    expectClose(await run(0, 1), logitsOf(await runDecoder(config, weights, { tokens: int64([a]) }), 0, 0, 5));
  });
});

test("sequences beyond the model's positions are refused", async () => {
  const { config, weights } = lively("qwen3");
  const tokens = int64([Array(25).fill(1)]);
  await expect(runDecoder(config, weights, { tokens })).rejects.toThrow(
    "decoder: found sequences of 25 tokens; expected at most 24, the positions the model has. " +
      "To fix: use a context of 24 or less, or a model with more positions.",
  );
});

describe("initial values", () => {
  const { config } = lively("gpt2");

  test("follow the seed, and a parameter's do not depend on the others", () => {
    const one = initialiseParameters(config, 7);
    expect(initialiseParameters(config, 7)).toEqual(one);
    expect(initialiseParameters(config, 8)).not.toEqual(one);
    const wider = initialiseParameters(createDecoderConfig("gpt2", { ...sizes, vocabulary: 14 }, config), 7);
    const name = "transformer.h.1.attn.c_attn.weight";
    expect(wider.get(name)).toEqual(one.get(name));
  });

  test("are pinned, so that a change of the generator is noticed", () => {
    const first = [...initialiseParameters(config, 1).get("transformer.wte.weight")!.data.slice(0, 3)];
    expect(first.map((value) => value.toFixed(6))).toEqual(["0.329042", "0.317979", "-0.081122"]);
  });

  test("have the spread of their kind: residual matrices smaller by √(2 · layers), norms one, biases zero", () => {
    const large = createDecoderConfig("gpt2", { vocabulary: 500, width: 64, layers: 8, heads: 2, context: 64 });
    const values = initialiseParameters(large, 3);
    for (const { name, initialisation, role } of decoderParameters(large)) {
      const { data } = values.get(name)!;
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
      const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
      if (initialisation.kind === "normal") {
        const expected = name.endsWith("c_proj.weight") ? 0.02 / Math.sqrt(16) : 0.02;
        expect(deviation / expected).toBeCloseTo(1, 1);
        expect(Math.abs(mean)).toBeLessThan((4 * expected) / Math.sqrt(data.length));
      } else {
        expect([mean, deviation]).toEqual([role === "norm" ? 1 : 0, 0]);
      }
    }
  });

  test("go where the caller allocates", () => {
    const arena = new Float32Array(new ArrayBuffer(1 << 20));
    let used = 0;
    const values = initialiseParameters(config, 1, ({ shape }) => {
      const length = shape.reduce((product, size) => product * size, 1);
      used += length;
      return hostTensor("float32", shape, arena.subarray(used - length, used));
    });
    expect([...arena.subarray(0, 3)]).toEqual([...values.get("transformer.wte.weight")!.data.slice(0, 3)]);
  });
});

test("a missing parameter is named", async () => {
  const { config, weights } = lively("qwen3");
  const { traceProgram } = await import("@myna/tensor");
  const { decoder } = await import("./decoder.ts");
  const trace = () =>
    traceProgram({ tokens: { type: "int64", shape: [1, 2] } }, (x) => ({
      y: decoder(config, x, { tokens: x.tokens! }),
    }));
  expect(trace).toThrow(/found parameters without "model.embed_tokens.weight"/);
  expect(trace).toThrow(ConfigError);
  expect(weights.size).toBe(decoderParameters(config).length);
});
