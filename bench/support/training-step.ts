/**
 * The training steps that benchmarks time: two decoders in three sizes, written in tensor operations alone, so that what
 * is measured is the engine. bench/peers/train_step.py holds their twins.
 */

import type { HostTensor, Program, Tensor, TensorRecord, TensorSpec } from "@myna/tensor";
import * as tensor from "@myna/tensor";

export interface StepShape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly time: number;
  readonly batch: number;
  readonly vocabulary: number;
}

export const shapes = {
  a: { layers: 4, width: 128, heads: 4, time: 64, batch: 12, vocabulary: 65 },
  b: { layers: 6, width: 384, heads: 6, time: 256, batch: 8, vocabulary: 8192 },
  c: { layers: 8, width: 512, heads: 8, time: 512, batch: 4, vocabulary: 16384 },
} as const satisfies Record<string, StepShape>;

export const styles = ["qwen3", "gpt2"] as const;
export type Style = (typeof styles)[number];

/** Width of the feed-forward layer: three times the model's for SwiGLU (Qwen3-0.6B), four times for GELU (GPT-2). */
export const hiddenWidth = (style: Style, { width }: StepShape): number => (style === "qwen3" ? 3 : 4) * width;
/** Half as many key/value heads as query heads, as Qwen3-0.6B has; GPT-2 has one for each. */
export const keyValueHeads = (style: Style, { heads }: StepShape): number => (style === "qwen3" ? heads / 2 : heads);

export function parameterShapes(style: Style, shape: StepShape): Record<string, number[]> {
  const { layers, width, heads, time, vocabulary } = shape;
  const hidden = hiddenWidth(style, shape);
  const headDim = width / heads;
  const kvWidth = keyValueHeads(style, shape) * headDim;
  const parameters: Record<string, number[]> = { embedding: [vocabulary, width] };
  if (style === "gpt2") parameters.positions = [time, width];
  for (let layer = 0; layer < layers; layer++) {
    const own =
      style === "qwen3"
        ? {
            "norm1.weight": [width],
            q: [width, width],
            k: [kvWidth, width],
            v: [kvWidth, width],
            "q_norm.weight": [headDim],
            "k_norm.weight": [headDim],
            o: [width, width],
            "norm2.weight": [width],
            gate: [hidden, width],
            up: [hidden, width],
            down: [width, hidden],
          }
        : {
            "norm1.weight": [width],
            "norm1.bias": [width],
            qkv: [width, 3 * width],
            "qkv.bias": [3 * width],
            o: [width, width],
            "o.bias": [width],
            "norm2.weight": [width],
            "norm2.bias": [width],
            up: [width, hidden],
            "up.bias": [hidden],
            down: [hidden, width],
            "down.bias": [width],
          };
    for (const [name, lengths] of Object.entries(own)) parameters[`layers.${layer}.${name}`] = lengths;
  }
  parameters["norm.weight"] = [width];
  if (style === "gpt2") parameters["norm.bias"] = [width];
  return parameters;
}

function qwen3Layer(x: Tensor, p: (name: string) => Tensor, shape: StepShape, rotate: (x: Tensor) => Tensor): Tensor {
  const h = tensor.rmsNorm(x, p("norm1.weight"), 1e-6);
  const heads = (name: string, count: number) => tensor.splitHeads(tensor.linear(h, p(name)), count);
  const kvHeads = keyValueHeads("qwen3", shape);
  const q = rotate(tensor.rmsNorm(heads("q", shape.heads), p("q_norm.weight"), 1e-6));
  const k = rotate(tensor.rmsNorm(heads("k", kvHeads), p("k_norm.weight"), 1e-6));
  const attended = tensor.attention(q, k, heads("v", kvHeads), { causal: true });
  const y = tensor.linear(tensor.mergeHeads(attended), p("o"), { residual: x });
  const h2 = tensor.rmsNorm(y, p("norm2.weight"), 1e-6);
  const hidden = tensor.swiGlu(tensor.linear(h2, p("gate")), tensor.linear(h2, p("up")));
  return tensor.linear(hidden, p("down"), { residual: y });
}

function gpt2Layer(x: Tensor, p: (name: string) => Tensor, { heads, width }: StepShape): Tensor {
  const project = (input: Tensor, name: string, residual?: Tensor) =>
    tensor.linear(input, p(name), { bias: p(`${name}.bias`), isTransposed: true, ...(residual && { residual }) });
  const h = tensor.layerNorm(x, p("norm1.weight"), p("norm1.bias"), 1e-5);
  // The weight is cut, not the activations: it is the smaller of the two.
  const weights = tensor.split(p("qkv"), 1, [width, width, width]);
  const biases = tensor.split(p("qkv.bias"), 0, [width, width, width]);
  const [q, k, v] = weights.map((weight, index) =>
    tensor.splitHeads(tensor.linear(h, weight, { bias: biases[index]!, isTransposed: true }), heads),
  ) as [Tensor, Tensor, Tensor];
  const y = project(tensor.mergeHeads(tensor.attention(q, k, v, { causal: true })), "o", x);
  const h2 = tensor.layerNorm(y, p("norm2.weight"), p("norm2.bias"), 1e-5);
  return project(tensor.gelu(project(h2, "up"), "tanh"), "down", y);
}

function rotation(shape: StepShape): (x: Tensor) => Tensor {
  const { batch, time, width, heads } = shape;
  const half = width / heads / 2;
  const angles = Array.from({ length: time * half }, (_, i) => Math.floor(i / half) / 10_000 ** ((i % half) / half));
  const positions = tensor.constant(
    "int64",
    [batch, time],
    Array.from({ length: batch * time }, (_, i) => i % time),
  );
  const cosines = tensor.constant("float32", [time, half], angles.map(Math.cos));
  const sines = tensor.constant("float32", [time, half], angles.map(Math.sin));
  return (x) => tensor.rotaryEmbedding(x, positions, cosines, sines);
}

function loss(style: Style, shape: StepShape, inputs: TensorRecord): Tensor {
  const { layers, width } = shape;
  let x = tensor.embedding(inputs.embedding!, inputs.ids!);
  const rotate = style === "qwen3" ? rotation(shape) : undefined;
  if (style === "gpt2") x = tensor.add(x, inputs.positions!);
  for (let layer = 0; layer < layers; layer++) {
    const p = (name: string) => inputs[`layers.${layer}.${name}`]!;
    const before = x;
    x = tensor.withScope(`layers.${layer}`, () =>
      rotate ? qwen3Layer(before, p, shape, rotate) : gpt2Layer(before, p, shape),
    );
  }
  const normal = rotate
    ? tensor.rmsNorm(x, inputs["norm.weight"]!, 1e-6)
    : tensor.layerNorm(x, inputs["norm.weight"]!, inputs["norm.bias"], 1e-5);
  return tensor.withScope("head", () => {
    const rows = tensor.reshape(normal, [-1, width]);
    const losses = tensor.linearCrossEntropy(rows, inputs.embedding!, inputs.targets!);
    return tensor.meanOverTargets(losses, inputs.targets!);
  });
}

/** The forward program: parameters, `ids` [batch, time] and `targets` [batch · time] in, `loss` out. */
export function tracedLoss(style: Style, shape: StepShape): Program {
  const specs: Record<string, TensorSpec> = {
    ids: { type: "int64", shape: [shape.batch, shape.time] },
    targets: { type: "int64", shape: [shape.batch * shape.time] },
  };
  for (const [name, lengths] of Object.entries(parameterShapes(style, shape))) {
    specs[name] = { type: "float32", shape: lengths };
  }
  return tensor.traceProgram(specs, (inputs) => ({ loss: loss(style, shape, inputs) }));
}

/** Forward and backward: outputs `loss` and `gradient.NAME` for every parameter. */
export function tracedStep(style: Style, shape: StepShape): Program {
  const forward = tensor.eliminateCommonSubexpressions(tracedLoss(style, shape));
  return tensor.withGradients(forward, { of: "loss", to: Object.keys(parameterShapes(style, shape)) });
}

/** Multiplications and additions of one step's matrix products, forward and backward, attention counted in full. */
export function stepFlops(style: Style, shape: StepShape): number {
  const { layers, width, time, batch, vocabulary, heads } = shape;
  const kvWidth = (keyValueHeads(style, shape) * width) / heads;
  const feedForward = (style === "qwen3" ? 3 : 2) * width * hiddenWidth(style, shape);
  const matrices = layers * (2 * width * width + 2 * width * kvWidth + feedForward) + vocabulary * width;
  return batch * time * (6 * matrices + 12 * layers * time * width);
}

/** A small generator, so that our step and the peer's start from numbers of one size. */
export function randomNormal(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 4_294_967_296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export function fillParameter(name: string, parameter: HostTensor<"float32">, normal: () => number): void {
  if (name.endsWith("norm1.weight") || name.endsWith("norm2.weight") || name.endsWith("norm.weight")) {
    parameter.data.fill(1);
  } else if (!name.endsWith("bias")) {
    for (let i = 0; i < parameter.data.length; i++) parameter.data[i] = 0.02 * normal();
  }
}
