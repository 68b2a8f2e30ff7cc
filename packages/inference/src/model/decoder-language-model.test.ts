import {
  type Architecture,
  createDecoderConfig,
  type DecoderConfig,
  decoder,
  decoderParameters,
  initialiseParameters,
  logits,
} from "@myna/models";
import { compile, type HostTensor, hostTensor, openRuntime, type TensorSpec, traceProgram } from "@myna/tensor";
import { afterEach, expect, test } from "vitest";
import { ContextLengthError } from "../errors.ts";
import { DecoderLanguageModel, type DecoderLanguageModelOptions } from "./decoder-language-model.ts";

const families: readonly Architecture[] = ["qwen3", "llama", "qwen2", "gpt2"];
const vocabulary = 71;

/** Small, but with what makes caches hard: grouped heads, and heads whose width is not the model's. */
function smallConfig(architecture: Architecture, context = 96): DecoderConfig {
  const kvHeads = architecture === "gpt2" ? 4 : 2;
  return createDecoderConfig(architecture, {
    vocabulary,
    width: 64,
    layers: 2,
    heads: 4,
    kvHeads,
    headDim: 16,
    context,
  });
}

/** Weights large enough for attention to be far from uniform, biases and norms included. */
function randomWeights(config: DecoderConfig, seed = 1): Map<string, HostTensor<"float32">> {
  const weights = initialiseParameters({ ...config, initialiserRange: 0.2 }, seed);
  let state = seed;
  for (const { name, role } of decoderParameters(config)) {
    if (role !== "bias" && role !== "norm") continue;
    const { data } = weights.get(name)!;
    for (let index = 0; index < data.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      data[index] = data[index]! + (state / 2 ** 31) * 0.3;
    }
  }
  return weights;
}

/** Logits [time, vocabulary] after every token, without any cache. */
async function fullLogits(
  config: DecoderConfig,
  weights: ReadonlyMap<string, HostTensor>,
  tokens: readonly number[],
): Promise<Float32Array[]> {
  const inputs: Record<string, TensorSpec> = { tokens: { type: "int64", shape: [1, tokens.length] } };
  for (const { name, shape } of decoderParameters(config)) inputs[name] = { type: "float32", shape };
  const program = traceProgram(inputs, (x) => ({
    logits: logits(config, x, decoder(config, x, { tokens: x.tokens! })),
  }));
  const executable = compile(program, { weights: Object.fromEntries(weights) });
  const ids = hostTensor("int64", [1, tokens.length], BigInt64Array.from(tokens, BigInt));
  const { data } = (await executable.run({ tokens: ids })).logits!;
  executable.release();
  return tokens.map((_, time) => (data as Float32Array).slice(time * vocabulary, (time + 1) * vocabulary));
}

const open: DecoderLanguageModel[] = [];

function createModel(options: DecoderLanguageModelOptions): DecoderLanguageModel {
  const model = new DecoderLanguageModel(options);
  open.push(model);
  return model;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.release()));
});

const tokensOf = (length: number, seed: number) =>
  Array.from({ length }, (_, time) => (seed * 37 + time * time * 11 + time * 5) % vocabulary);

/** f32 sums in another order: relative to the largest logit, as differences grow with it. */
function expectClose(found: Float32Array, expected: Float32Array): void {
  const scale = Math.max(...expected.map(Math.abs));
  const distance = Math.max(...found.map((logit, id) => Math.abs(logit - expected[id]!)));
  expect(distance / scale).toBeLessThan(2e-5);
}

for (const architecture of families) {
  test(`${architecture}: cached decoding equals full decoding for 64 tokens`, async () => {
    const config = smallConfig(architecture);
    const weights = randomWeights(config);
    const tokens = tokensOf(64, 3);
    const expected = await fullLogits(config, weights, tokens);
    const model = createModel({ config, weights });
    expectClose(await model.prefill(tokens.slice(0, 7)), expected[6]!);
    for (let time = 7; time < 64; time++) {
      const [found] = await model.step([{ sequence: 0, token: tokens[time]! }]);
      expectClose(found!, expected[time]!);
    }
    expect(model.length(0)).toBe(64);
  });

  test(`${architecture}: a prompt read in chunks, and again from its middle, gives the same logits`, async () => {
    const config = smallConfig(architecture);
    const weights = randomWeights(config, 2);
    const tokens = tokensOf(50, 5);
    const expected = await fullLogits(config, weights, tokens);
    const model = createModel({ config, weights });
    for (const [from, to] of [
      [0, 16],
      [16, 17],
      [17, 40],
      [40, 50],
    ] as const) {
      expectClose(await model.prefill(tokens.slice(from, to)), expected[to - 1]!);
    }
    model.truncate(0, 21);
    expectClose(await model.prefill(tokens.slice(21)), expected.at(-1)!);
  });

  test(`${architecture}: sequences of different lengths in one batch do not see each other`, async () => {
    const config = smallConfig(architecture);
    const weights = randomWeights(config, 3);
    const rows = [tokensOf(40, 1), tokensOf(33, 2), tokensOf(47, 3)];
    const prompts = [5, 12, 1];
    const expected = await Promise.all(rows.map((tokens) => fullLogits(config, weights, tokens)));
    const model = createModel({ config, weights, sequences: 3 });
    for (const [sequence, length] of prompts.entries()) {
      expectClose(
        await model.prefill(rows[sequence]!.slice(0, length), { sequence }),
        expected[sequence]![length - 1]!,
      );
    }
    for (let step = 0; ; step++) {
      // Sequence 1 sits out every third step, so that a batch has a hole.
      const entries = rows.flatMap((tokens, sequence) => {
        const token = tokens[model.length(sequence)];
        return token === undefined || (sequence === 1 && step % 3 === 0) ? [] : [{ sequence, token }];
      });
      if (entries.length === 0 && rows.every((tokens, sequence) => model.length(sequence) === tokens.length)) break;
      if (entries.length === 0) continue;
      const found = await model.step(entries.toReversed());
      entries.toReversed().forEach(({ sequence }, row) => {
        expectClose(found[row]!, expected[sequence]![model.length(sequence) - 1]!);
      });
    }
  });
}

for (const architecture of ["qwen3", "gpt2"] as const) {
  test(`${architecture}: the cache grows while answers run, and a full sequence beside a running one stays as it is`, async () => {
    const config = smallConfig(architecture, 300);
    const weights = randomWeights(config, 4);
    const model = createModel({ config, weights, sequences: 2 });
    const small = model.cacheBytes;
    const long = tokensOf(299, 7);
    const expected = await fullLogits(config, weights, [...long, 9]);
    await model.prefill(long.slice(0, 200), { sequence: 1 });
    await model.prefill([1, 2, 3], { sequence: 0 });
    for (let time = 200; time < 299; time++) {
      await model.step([
        { sequence: 0, token: 4 },
        { sequence: 1, token: long[time]! },
      ]);
    }
    expect(model.cacheBytes).toBeGreaterThan(small);
    const [last] = await model.step([{ sequence: 1, token: 9 }]);
    expectClose(last!, expected.at(-1)!);
    expect(model.length(1)).toBe(300);
    // Sequence 1 is full; sequence 0 goes on beside it.
    await model.step([{ sequence: 0, token: 4 }]);
    model.truncate(1, 299);
    expectClose((await model.step([{ sequence: 1, token: 9 }]))[0]!, expected.at(-1)!);
    await expect(model.step([{ sequence: 1, token: 9 }])).rejects.toThrow(ContextLengthError);
    await expect(model.prefill(tokensOf(200, 1), { sequence: 0 })).rejects.toThrow(
      "found 303 tokens; expected at most 300",
    );
  });
}

test("a copied beginning goes on as if it had been read", async () => {
  const config = smallConfig("qwen3");
  const weights = randomWeights(config, 7);
  const model = createModel({ config, weights, sequences: 3 });
  const tokens = tokensOf(30, 4);
  const other = [...tokens.slice(0, 18), ...tokensOf(9, 9)];
  const expected = await fullLogits(config, weights, other);
  await model.prefill(tokens, { sequence: 2 });
  model.copy(2, 0, 18);
  expectClose(await model.prefill(other.slice(18), { sequence: 0 }), expected.at(-1)!);
  expect([model.length(0), model.length(2)]).toEqual([27, 30]);
});

test("weights that a trainer edits in place are seen when the model was told so", async () => {
  const config = smallConfig("qwen3");
  const weights = randomWeights(config, 5);
  const model = createModel({ config, weights, weightsChange: true });
  const tokens = tokensOf(12, 1);
  const before = (await model.prefill(tokens)).slice();
  for (const { data } of weights.values()) for (let index = 0; index < data.length; index++) data[index]! *= 1.1;
  model.truncate(0, 0);
  const after = await model.prefill(tokens);
  expect(after).not.toEqual(before);
  expectClose(after, (await fullLogits(config, weights, tokens)).at(-1)!);
});

test("an aborted run leaves the sequence as it was, and runs asked for at once take turns", async () => {
  const config = smallConfig("llama");
  const weights = randomWeights(config, 6);
  const model = createModel({ config, weights });
  const tokens = tokensOf(40, 2);
  const expected = await fullLogits(config, weights, tokens);
  await expect(model.prefill(tokens, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  expect(model.length(0)).toBe(0);
  const copies = [tokens.slice(0, 20), tokens.slice(20, 39)].map(async (chunk) => (await model.prefill(chunk)).slice());
  const [first, second] = await Promise.all(copies);
  expectClose(first!, expected[19]!);
  expectClose(second!, expected[38]!);
  const running = model.step([{ sequence: 0, token: tokens[39]! }]);
  await model.release();
  expectClose((await running)[0]!, expected[39]!);
});

test("the event loop turns while a run is under way", async () => {
  const config = smallConfig("qwen3");
  const runtime = openRuntime();
  const model = createModel({ config, weights: randomWeights(config, 8), runtime });
  model.compile();
  let turns = 0;
  const turn = () => {
    turns++;
    pending = setImmediate(turn);
  };
  let pending = setImmediate(turn);
  await model.prefill(tokensOf(60, 1));
  clearImmediate(pending);
  // The fallback runtime can only block; there the promise settles before the loop has turned once.
  if (runtime.kind === "c-api") expect(turns).toBeGreaterThan(0);
});
