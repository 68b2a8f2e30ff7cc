// Small whole models of each family, every parameter's gradient against central differences; tolerance 1e-7 of the largest element.
import { describe, expect, test } from "vitest";
import { attention, rotaryEmbedding } from "../ops/attention.ts";
import { concat, reshape, split } from "../ops/axes.ts";
import { dropout } from "../ops/dropout.ts";
import { add, cast, gelu, multiply, swiGlu } from "../ops/elementwise.ts";
import { mergeHeads, splitHeads } from "../ops/heads.ts";
import { embedding } from "../ops/indexing.ts";
import { linear } from "../ops/linear-algebra.ts";
import { binaryCrossEntropy, linearCrossEntropy, meanOverTargets } from "../ops/losses.ts";
import { documentBias, paddingBias } from "../ops/masks.ts";
import { layerNorm, rmsNorm } from "../ops/normalisation.ts";
import { firstPool } from "../ops/pooling.ts";
import { relativeBias } from "../ops/relative-bias.ts";
import type { EvaluatedTensor } from "../rules/evaluate/evaluated-tensor.ts";
import { gradientError } from "../testing/gradient-error.ts";
import { type RandomTensors, randomTensors } from "../testing/random-tensors.ts";
import type { Tensor } from "../trace/tensor.ts";

const tolerance = 1e-7;
const [batch, time, vocabulary, width, heads, headDim] = [2, 5, 7, 4, 2, 2];

/** Projections of attention and of the feed-forward layer, each [outputs, inputs]; small, so that differences of 1e-3 stay accurate. */
function projections(random: RandomTensors, kvHeads: number) {
  return {
    q: random.floats([heads * headDim, width], -0.7, 0.7),
    k: random.floats([kvHeads * headDim, width], -0.7, 0.7),
    v: random.floats([kvHeads * headDim, width], -0.7, 0.7),
    o: random.floats([width, heads * headDim], -0.7, 0.7),
    up: random.floats([6, width], -0.7, 0.7),
    down: random.floats([width, 6], -0.7, 0.7),
  };
}

const parametersOf = (inputs: Record<string, EvaluatedTensor>, ...constants: string[]) =>
  Object.keys(inputs).filter((name) => inputs[name]!.type === "float64" && !constants.includes(name));

describe("gradients of whole models", () => {
  test("Qwen3: tied embedding, RMS norms, QK-norm, rotary, grouped heads, SwiGLU, packed documents, z-loss", () => {
    const random = randomTensors(1);
    const inputs = {
      table: random.floats([vocabulary, width]),
      ...projections(random, 1),
      gate: random.floats([6, width]),
      inputNorm: random.floats([width]),
      qNorm: random.floats([headDim]),
      kNorm: random.floats([headDim]),
      middleNorm: random.floats([width]),
      finalNorm: random.floats([width]),
      cosines: random.floats([time, headDim / 2]),
      sines: random.floats([time, headDim / 2]),
      ids: random.integers([batch, time], vocabulary),
      positions: random.integers([batch, time], time),
      documents: random.integers([batch, time], 2),
      targets: random.integers([batch * time], vocabulary),
    };
    inputs.targets.data[3] = -100n;
    const model = (t: Record<keyof typeof inputs, Tensor>) => {
      const bias = cast(documentBias(t.documents), "float64");
      let x = embedding(t.table, t.ids); // [batch, time, width]
      const h = rmsNorm(x, t.inputNorm, 1e-2);
      const turned = (y: Tensor, norm: Tensor, count: number) =>
        rotaryEmbedding(rmsNorm(splitHeads(y, count), norm, 1e-2), t.positions, t.cosines, t.sines);
      const q = turned(linear(h, t.q), t.qNorm, heads);
      const k = turned(linear(h, t.k), t.kNorm, 1);
      const mixed = attention(q, k, splitHeads(linear(h, t.v), 1), { causal: true, bias, chunk: 2 });
      x = linear(mergeHeads(mixed), t.o, { residual: x });
      const m = rmsNorm(x, t.middleNorm, 1e-2);
      x = linear(swiGlu(linear(m, t.gate), linear(m, t.up)), t.down, { residual: x });
      const hidden = reshape(rmsNorm(x, t.finalNorm, 1e-2), [batch * time, width]);
      return meanOverTargets(linearCrossEntropy(hidden, t.table, t.targets, { zLoss: 1e-2, chunk: 4 }), t.targets);
    };
    const to = parametersOf(inputs, "cosines", "sines");
    for (const attentionProbabilities of ["keep", "recompute"] as const) {
      expect(gradientError(inputs, model, { to, attentionProbabilities })).toBeLessThan(tolerance);
    }
  });

  test("GPT-2: learned positions, layer norms, one weight [inputs, outputs] for query, key and value, GELU by tanh, dropout", () => {
    const random = randomTensors(2);
    const inputs = {
      table: random.floats([vocabulary, width]),
      places: random.floats([time, width]),
      norm: random.floats([width]),
      normBias: random.floats([width]),
      qkv: random.floats([width, 3 * width]),
      qkvBias: random.floats([3 * width]),
      o: random.floats([width, width]),
      oBias: random.floats([width]),
      up: random.floats([width, 6]),
      upBias: random.floats([6]),
      down: random.floats([6, width]),
      ids: random.integers([batch, time], vocabulary),
      targets: random.integers([batch * time], vocabulary),
      seed: random.integers([], 1000),
    };
    const model = (t: Record<keyof typeof inputs, Tensor>) => {
      let x = dropout(add(embedding(t.table, t.ids), t.places), 0.2, t.seed, 0);
      const h = layerNorm(x, t.norm, t.normBias, 1e-2);
      const parts = split(linear(h, t.qkv, { bias: t.qkvBias, isTransposed: true }), -1, [width, width, width]);
      const [q, k, v] = parts.map((part) => splitHeads(part, heads)) as [Tensor, Tensor, Tensor];
      const mixed = mergeHeads(attention(q, k, v, { causal: true, chunk: 3 }));
      x = linear(mixed, t.o, { bias: t.oBias, residual: x, isTransposed: true });
      const up = gelu(linear(x, t.up, { bias: t.upBias, isTransposed: true }), "tanh");
      x = add(x, dropout(linear(up, t.down, { isTransposed: true }), 0.2, t.seed, 1));
      return linearCrossEntropy(reshape(x, [batch * time, width]), t.table, t.targets, { chunk: 3 });
    };
    expect(gradientError(inputs, model)).toBeLessThan(tolerance);
  });

  test("BERT: padding, exact GELU, and a classifier on the first position", () => {
    const random = randomTensors(3);
    const inputs = {
      x: random.floats([batch, time, width]),
      ...projections(random, heads),
      norm: random.floats([width]),
      normBias: random.floats([width]),
      classifier: random.floats([1, width]),
      mask: {
        type: "int64" as const,
        shape: [batch, time],
        data: BigInt64Array.of(1n, 1n, 1n, 0n, 0n, 1n, 1n, 1n, 1n, 0n),
      },
      labels: random.floats([batch, 1], 0, 1),
    };
    const model = (t: Record<keyof typeof inputs, Tensor>) => {
      const [q, k, v] = [t.q, t.k, t.v].map((weight) => splitHeads(linear(t.x, weight), heads)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const bias = cast(paddingBias(t.mask), "float64");
      const mixed = mergeHeads(attention(q, k, v, { causal: false, bias }));
      const x = layerNorm(linear(mixed, t.o, { residual: t.x }), t.norm, t.normBias, 1e-2);
      const y = linear(gelu(linear(x, t.up)), t.down, { residual: x });
      return binaryCrossEntropy(linear(firstPool(y), t.classifier), t.labels);
    };
    expect(gradientError(inputs, model)).toBeLessThan(tolerance);
  });

  test("T5: relative bias shared by two layers, attention over another sequence, GELU by tanh", () => {
    const random = randomTensors(4);
    const inputs = {
      x: random.floats([batch, time, width], -0.7, 0.7),
      memory: random.floats([batch, 3, width]),
      ...projections(random, heads),
      buckets: random.floats([8, heads]),
      norm: random.floats([width]),
    };
    const model = (t: Record<keyof typeof inputs, Tensor>) => {
      const bias = relativeBias(t.buckets, time, time, { isBidirectional: false, maximumDistance: 6 });
      const attend = (x: Tensor, over: Tensor, isSelf: boolean) => {
        const q = splitHeads(linear(rmsNorm(x, t.norm, 1e-2), t.q), heads);
        const [k, v] = [splitHeads(linear(over, t.k), heads), splitHeads(linear(over, t.v), heads)];
        const options = isSelf ? { causal: true, chunk: 2, bias } : { causal: false };
        return linear(mergeHeads(attention(q, k, v, { ...options, scale: 1 })), t.o, { residual: x });
      };
      let x = attend(t.x, t.x, true);
      x = attend(x, t.memory, false);
      x = attend(x, x, true);
      const y = linear(gelu(linear(multiply(x, 0.3), t.up), "tanh"), t.down, { residual: x });
      return concat([y, x], 1);
    };
    expect(gradientError(inputs, model)).toBeLessThan(tolerance);
  });
});
