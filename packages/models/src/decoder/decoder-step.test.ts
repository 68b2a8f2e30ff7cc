import {
  compile,
  type Executable,
  type HostTensor,
  hostTensor,
  symbolicLength,
  type Tensor,
  type TensorRecord,
  type TensorSpec,
  traceProgram,
} from "@myna/tensor";
import { describe, expect, test } from "vitest";
import { createDecoderConfig } from "../config/create-config.ts";
import type { Architecture, DecoderConfig } from "../config/decoder-config.ts";
import { int64, logitsOf, runDecoder } from "../testing/run-decoder.ts";
import { logits } from "./decoder.ts";
import { decoderStep, type LayerKeysValues } from "./decoder-step.ts";
import { initialiseParameters } from "./initialise.ts";
import { decoderParameters } from "./parameters.ts";

const capacity = 40;

function model(architecture: Architecture): { config: DecoderConfig; weights: Map<string, HostTensor> } {
  const kvHeads = architecture === "gpt2" ? 2 : 1;
  const sizes = { vocabulary: 17, width: 32, layers: 2, heads: 2, kvHeads, headDim: 16, context: 64 };
  const config = createDecoderConfig(architecture, sizes, { initialiserRange: 0.4 });
  return { config, weights: initialiseParameters(config, 2) };
}

/** A program of one step; `wanted` rows only when n is given. */
function compileStep(
  config: DecoderConfig,
  weights: ReadonlyMap<string, HostTensor>,
  batch: number,
  time: number,
  n?: number,
): Executable {
  const cacheShape = [batch, config.kvHeads, capacity, config.headDim];
  const specs: Record<string, TensorSpec> = {
    tokens: { type: "int64", shape: [batch, time] },
    lengths: { type: "int32", shape: [batch] },
    total: { type: "int32", shape: [1] },
    ...(n !== undefined && { wanted: { type: "int64", shape: [n] } as const }),
  };
  for (let layer = 0; layer < config.layers; layer++) {
    for (const name of [`key.${layer}`, `value.${layer}`]) specs[name] = { type: "float32", shape: cacheShape };
  }
  for (const { name, shape } of decoderParameters(config)) specs[name] = { type: "float32", shape };
  const program = traceProgram(specs, (x): TensorRecord => {
    const past = Array.from({ length: config.layers }, (_, layer): LayerKeysValues => {
      return { key: x[`key.${layer}`]!, value: x[`value.${layer}`]! };
    });
    const { tokens, lengths, total, wanted } = x as Record<string, Tensor>;
    const step = decoderStep(config, x, {
      tokens: tokens!,
      lengths: lengths!,
      total: total!,
      past,
      ...(wanted !== undefined && { wanted }),
    });
    const present = step.present.flatMap(({ key, value }, layer) => [
      [`present.key.${layer}`, key] as const,
      [`present.value.${layer}`, value] as const,
    ]);
    return { logits: logits(config, x, step.hidden), ...Object.fromEntries(present) };
  });
  return compile(program, { weights: Object.fromEntries(weights) });
}

/** Buffers that are bound as past and as present. */
class Caches {
  readonly inputs: Record<string, HostTensor> = {};
  readonly outputs: Record<string, HostTensor> = {};

  constructor({ layers, kvHeads, headDim }: DecoderConfig, batch: number) {
    for (let layer = 0; layer < layers; layer++) {
      for (const part of ["key", "value"]) {
        const buffer = hostTensor("float32", [batch, kvHeads, capacity, headDim]);
        this.inputs[`${part}.${layer}`] = buffer;
        this.outputs[`present.${part}.${layer}`] = buffer;
      }
    }
  }

  /** @param after tokens that each row holds after the step */
  step(
    program: Executable,
    tokens: readonly (readonly number[])[],
    after: readonly number[],
    wanted?: number[],
  ): HostTensor {
    const [batch, time] = [tokens.length, tokens[0]!.length];
    const result = hostTensor("float32", wanted === undefined ? [batch, time, 17] : [wanted.length, 17]);
    const inputs = {
      tokens: int64(tokens),
      lengths: hostTensor(
        "int32",
        [batch],
        Int32Array.from(after, (length) => length - 1),
      ),
      total: hostTensor("int32", [1], Int32Array.of(Math.max(...after))),
      ...(wanted !== undefined && {
        wanted: hostTensor("int64", [wanted.length], BigInt64Array.from(wanted, BigInt)),
      }),
    };
    const binding = program.bind({ ...inputs, ...this.inputs }, { logits: result, ...this.outputs });
    binding.run();
    binding.release();
    return result;
  }
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, index) => void expect(value).toBeCloseTo(expected[index]!, 4));
}

const sequence = (length: number, seed: number) => Array.from({ length }, (_, index) => (index * 5 + seed * 3) % 17);

describe.each<Architecture>(["qwen3", "qwen2", "llama", "gpt2"])("%s", (architecture) => {
  const { config, weights } = model(architecture);

  test("prompts of different lengths and then token after token give the logits of whole sequences", async () => {
    const rows = [sequence(20, 1), sequence(20, 2)];
    const lengths = [7, 4];
    const full = await runDecoder(config, weights, { tokens: int64(rows) });
    const caches = new Caches(config, 2);
    const prefill = compileStep(config, weights, 2, 7);
    const prompt = rows.map((row, index) => row.slice(0, 7).map((token, at) => (at < lengths[index]! ? token : 0)));
    const first = caches.step(prefill, prompt, lengths);
    for (const row of [0, 1]) {
      expectClose(logitsOf(first, row, 0, lengths[row]!), logitsOf(full, row, 0, lengths[row]!));
    }
    const decode = compileStep(config, weights, 2, 1);
    for (let taken = 0; taken < 13; taken++) {
      const at = lengths.map((length) => length + taken);
      const next = caches.step(
        decode,
        rows.map((row, index) => [row[at[index]!]!]),
        at.map((position) => position + 1),
      );
      for (const row of [0, 1]) expectClose(logitsOf(next, row, 0, 1), logitsOf(full, row, at[row]!, at[row]! + 1));
    }
    prefill.release();
    decode.release();
  });

  test("a prompt taken in pieces gives the logits of the whole, with the time symbolic", async () => {
    const row = sequence(18, 3);
    const full = await runDecoder(config, weights, { tokens: int64([row]) });
    const caches = new Caches(config, 1);
    const program = compileStep(config, weights, 1, symbolicLength("time"));
    for (const [from, to] of [
      [0, 6],
      [6, 13],
      [13, 14],
      [14, 18],
    ] as const) {
      const piece = caches.step(program, [row.slice(from, to)], [to]);
      expectClose(logitsOf(piece, 0, 0, to - from), logitsOf(full, 0, from, to));
    }
    program.release();
  });

  test("only the wanted rows come out, in their order", () => {
    const rows = [sequence(5, 1), sequence(5, 2)];
    const [all, some] = [compileStep(config, weights, 2, 5), compileStep(config, weights, 2, 5, 3)];
    const whole = new Caches(config, 2).step(all, rows, [5, 3]);
    const wanted = new Caches(config, 2).step(some, rows, [5, 3], [4, 7, 0]);
    const flat = (index: number) => Array.from(whole.data.slice(index * 17, index * 17 + 17), Number);
    expectClose(Array.from(wanted.data, Number), [4, 7, 0].flatMap(flat));
  });
});

test("a past of another number of layers is refused", () => {
  const { config } = model("qwen3");
  const trace = () =>
    traceProgram({ tokens: { type: "int64", shape: [1, 1] }, lengths: { type: "int32", shape: [1] } }, (x) => {
      const { tokens, lengths } = x as Record<string, Tensor>;
      return { y: decoderStep(config, x, { tokens: tokens!, lengths: lengths!, total: lengths!, past: [] }).hidden };
    });
  expect(trace).toThrow(/found a past of 0 layers; expected one for each of the model's 2/);
});
