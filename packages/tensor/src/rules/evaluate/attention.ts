/** Evaluation of attention, its gradient and rotary positions: nested loops over batch, heads, queries and keys. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { elementCount } from "../../ir/shape.ts";
import { type EvaluatedTensor, floatsOf } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { checkIndex } from "./indexing.ts";
import { softmaxOf } from "./normalisation.ts";
import { broadcastOffsets, sumTo } from "./offsets.ts";

/** Lengths of an attention's axes, and the rows of its operands as views. */
export function dimensions(query: EvaluatedTensor, key: EvaluatedTensor, value: EvaluatedTensor) {
  const [batch, heads, time, headDim] = query.shape as [number, number, number, number];
  const [, kvHeads, keyTime] = key.shape as [number, number, number];
  const valueDim = value.shape[3]!;
  const keyHead = (b: number, h: number) => b * kvHeads + Math.floor(h / (heads / kvHeads));
  return { batch, heads, time, headDim, keyTime, valueDim, keyHead };
}

export function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, length: number): number {
  let total = 0;
  for (let i = 0; i < length; i++) total += a[aStart + i]! * b[bStart + i]!;
  return total;
}

type Attention = OperatorAttributes["attention"];

/** softmax(scale q kᵀ + bias), 0 where causality forbids: [batch, heads, time, keyTime]. */
function probabilitiesOf(
  query: EvaluatedTensor,
  key: EvaluatedTensor,
  value: EvaluatedTensor,
  bias: EvaluatedTensor | undefined,
  { scale, causal }: Pick<Attention, "scale" | "causal">,
): Float64Array {
  const { batch, heads, time, headDim, keyTime, keyHead } = dimensions(query, key, value);
  const biasOffsets = bias && broadcastOffsets(bias.shape, [batch, heads, time, keyTime]);
  const probabilities = new Float64Array(batch * heads * time * keyTime);
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let t = 0; t < time; t++) {
        const row = (b * heads + h) * time + t;
        const visible = causal ? t + 1 : keyTime;
        const scores = Float64Array.from({ length: visible }, (_, s) => {
          const keyRow = keyHead(b, h) * keyTime + s;
          const product = scale * dot(floatsOf(query), row * headDim, floatsOf(key), keyRow * headDim, headDim);
          return product + (bias ? floatsOf(bias)[biasOffsets![row * keyTime + s]!]! : 0);
        });
        probabilities.set(softmaxOf(scores), row * keyTime);
      }
    }
  }
  return probabilities;
}

export const attention: EvaluationRule<Attention> = ([query, key, value, bias], attributes, results) => {
  const { batch, heads, time, keyTime, valueDim, keyHead } = dimensions(query!, key!, value!);
  const probabilities = probabilitiesOf(query!, key!, value!, bias, attributes);
  const output = new Float64Array(batch * heads * time * valueDim);
  for (let row = 0; row < batch * heads * time; row++) {
    const head = Math.floor(row / time);
    const valueHead = keyHead(Math.floor(head / heads), head % heads);
    for (let s = 0; s < keyTime; s++) {
      for (let d = 0; d < valueDim; d++) {
        output[row * valueDim + d]! +=
          probabilities[row * keyTime + s]! * floatsOf(value!)[(valueHead * keyTime + s) * valueDim + d]!;
      }
    }
  }
  let start = 0;
  const chunks = results.slice(1).map(({ shape }) => {
    const [, , rows, keys] = shape as [number, number, number, number];
    const chunk = new Float64Array(elementCount(shape));
    for (let line = 0; line < batch * heads * rows; line++) {
      const row = Math.floor(line / rows) * time + start + (line % rows);
      chunk.set(probabilities.subarray(row * keyTime, row * keyTime + keys), line * keys);
    }
    start += rows;
    return chunk;
  });
  return [output, ...chunks];
};

/** Chunks of probabilities put back into [batch, heads, time, keyTime]. */
function joinChunks(chunks: readonly EvaluatedTensor[], time: number, keyTime: number): Float64Array {
  const [batch, heads] = chunks[0]!.shape as [number, number];
  const joined = new Float64Array(batch * heads * time * keyTime);
  let start = 0;
  for (const { shape, data } of chunks) {
    const [, , rows, keys] = shape as [number, number, number, number];
    for (let line = 0; line < batch * heads * rows; line++) {
      const row = Math.floor(line / rows) * time + start + (line % rows);
      joined.set((data as Float64Array).subarray(line * keys, (line + 1) * keys), row * keyTime);
    }
    start += rows;
  }
  return joined;
}

/** dV = Pᵀ dO; dS = P ∘ (dO Vᵀ − rowsum(dO ∘ O)); dQ = scale dS K; dK = scale dSᵀ Q; dbias = dS (arXiv:2205.14135, B.2). */
export const attentionGradient: EvaluationRule<OperatorAttributes["attentionGradient"]> = (inputs, attributes) => {
  const [gradient, output, query, key, value, ...rest] = inputs as [
    EvaluatedTensor,
    EvaluatedTensor,
    EvaluatedTensor,
    EvaluatedTensor,
    EvaluatedTensor,
    ...EvaluatedTensor[],
  ];
  const { scale, hasBias, keptProbabilities } = attributes;
  const bias = hasBias ? rest[0] : undefined;
  const { batch, heads, time, headDim, keyTime, valueDim, keyHead } = dimensions(query, key, value);
  const probabilities = keptProbabilities
    ? joinChunks(rest.slice(hasBias ? 1 : 0), time, keyTime)
    : probabilitiesOf(query, key, value, bias, attributes);
  const [q, k, v, dO] = [floatsOf(query), floatsOf(key), floatsOf(value), floatsOf(gradient)];
  const [dQ, dK, dV] = [new Float64Array(q.length), new Float64Array(k.length), new Float64Array(v.length)];
  const dS = new Float64Array(probabilities.length);
  for (let row = 0; row < batch * heads * time; row++) {
    const head = Math.floor(row / time);
    const group = keyHead(Math.floor(head / heads), head % heads);
    const along = dot(dO, row * valueDim, floatsOf(output), row * valueDim, valueDim);
    for (let s = 0; s < keyTime; s++) {
      const keyRow = group * keyTime + s;
      const p = probabilities[row * keyTime + s]!;
      const ds = p * (dot(dO, row * valueDim, v, keyRow * valueDim, valueDim) - along);
      dS[row * keyTime + s] = ds;
      for (let d = 0; d < valueDim; d++) dV[keyRow * valueDim + d]! += p * dO[row * valueDim + d]!;
      for (let d = 0; d < headDim; d++) {
        dQ[row * headDim + d]! += scale * ds * k[keyRow * headDim + d]!;
        dK[keyRow * headDim + d]! += scale * ds * q[row * headDim + d]!;
      }
    }
  }
  return bias ? [dQ, dK, dV, sumTo(dS, [batch, heads, time, keyTime], bias.shape)] : [dQ, dK, dV];
};

/** Turns the pairs of one head vector, in place. */
export function turn(
  vector: Float64Array,
  cosines: Float64Array,
  sines: Float64Array,
  position: number,
  half: number,
  isInterleaved: boolean,
): void {
  for (let pair = 0; pair < half; pair++) {
    const [first, second] = isInterleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + half];
    const [cosine, sine] = [cosines[position * half + pair]!, sines[position * half + pair]!];
    const [a, b] = [vector[first]!, vector[second]!];
    vector[first] = a * cosine - b * sine;
    vector[second] = a * sine + b * cosine;
  }
}

export const rotary: EvaluationRule<OperatorAttributes["rotary"]> = (
  [x, positions, cosines, sines],
  { interleaved },
) => {
  const [, heads, time, headDim] = x!.shape as [number, number, number, number];
  const [length, half] = cosines!.shape as [number, number];
  const result = Float64Array.from(floatsOf(x!));
  for (let row = 0; row < result.length / headDim; row++) {
    const token = Math.floor(row / (heads * time)) * time + (row % time);
    const position = checkIndex("rotary", positions!.data[token]!, length);
    const vector = result.subarray(row * headDim, (row + 1) * headDim);
    turn(vector, floatsOf(cosines!), floatsOf(sines!), position, half, interleaved);
  }
  return [result];
};
