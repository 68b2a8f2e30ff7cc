/**
 * Attention and its gradient as products, softmax and sums, in blocks of query rows: a block of a causal triangle skips
 * the keys that none of its rows may see, which saves half of the work on long sequences.
 */
import type { OperationOf, Value } from "../ir/program.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { broadcastTo, concat, reshape, slice } from "../ops/axes.ts";
import { constant, filled, scalar } from "../ops/constants.ts";
import { add, lessOrEqual, multiply, subtract, where } from "../ops/elementwise.ts";
import { matMul } from "../ops/linear-algebra.ts";
import { forbidden } from "../ops/masks.ts";
import { softmax } from "../ops/normalisation.ts";
import { cumulativeSum, sum } from "../ops/reductions.ts";
import { chunkBounds } from "../rules/shape.ts";
import { Tensor } from "../trace/tensor.ts";

interface Block {
  readonly start: number;
  readonly end: number;
  /** Keys that some row of the block may see. */
  readonly keys: number;
}

function blocksOf(time: number, keyTime: number, chunk: number, causal: boolean): Block[] {
  return chunkBounds(time, chunk).map(([start, end]) => ({ start, end, keys: causal ? end : keyTime }));
}

/** Rows [start, end) of the time axis; all of them without a copy. */
function rows(x: Tensor, start: number, end: number): Tensor {
  return start === 0 && end === x.shape[2] ? x : slice(x, 2, start, end);
}

/**
 * Query heads that share a key/value head become rows of one product:
 * [batch, heads, rows, n] → [batch, kvHeads, heads / kvHeads · rows, n], which moves nothing.
 */
function groupRows(x: Tensor, kvHeads: number): Tensor {
  const [batch, heads, time, width] = x.shape as [number, number, number, number];
  if (heads === kvHeads) return x;
  return isSymbolic(time)
    ? reshape(x, [batch, kvHeads, heads / kvHeads, time, width])
    : reshape(x, [batch, kvHeads, (heads / kvHeads) * time, width]);
}

/** A key or value beside grouped rows: a symbolic time cannot be folded into the rows, so an axis is put in. */
function beside(x: Tensor, grouped: Tensor): Tensor {
  const [batch, kvHeads, time, width] = x.shape as [number, number, number, number];
  return grouped.rank === 5 ? reshape(x, [batch, kvHeads, 1, time, width]) : x;
}

/** 0 where a row of the block may look, else a large negative: [rows, keys]. */
function causalBias({ start, end, keys }: Block): Tensor {
  if (!isSymbolic(keys)) {
    const values = new Float32Array((end - start) * keys);
    for (let row = start; row < end; row++)
      values.fill(forbidden, (row - start) * keys + row + 1, (row - start + 1) * keys);
    return constant("float32", [end - start, keys], values);
  }
  const positions = cumulativeSum(filled([keys], 1), 0);
  return where(lessOrEqual(reshape(positions, [1, keys]), reshape(positions, [keys, 1])), scalar(0), scalar(forbidden));
}

/** The part of a bias that a block reads. */
function biasOf(bias: Tensor, { start, end, keys }: Block): Tensor {
  let part = bias;
  if (part.rank >= 2 && part.shape.at(-2) !== 1) part = slice(part, part.rank - 2, start, end);
  if (part.rank >= 1 && part.shape.at(-1) !== 1 && part.shape.at(-1) !== keys)
    part = slice(part, part.rank - 1, 0, keys);
  return part;
}

function probabilitiesOf(q: Tensor, k: Tensor, block: Block, scale: number, causal: boolean, bias?: Tensor): Tensor {
  const [batch, heads] = q.shape as [number, number];
  const query = groupRows(rows(q, block.start, block.end), k.shape[1]!);
  let scores = matMul(query, beside(rows(k, 0, block.keys), query), { transposeB: true, scale });
  scores = reshape(scores, [batch, heads, block.end - block.start || q.shape[2]!, block.keys]);
  if (causal) scores = add(scores, causalBias(block));
  if (bias) scores = add(scores, biasOf(bias, block));
  return softmax(scores); // [batch, heads, rows, keys]
}

const tensors = (values: readonly Value[]): Tensor[] => values.map((value) => new Tensor(value));

export function expandAttention({ inputs, attributes }: OperationOf<"attention">): Value[] {
  const [q, k, v, bias] = tensors(inputs) as [Tensor, Tensor, Tensor, Tensor | undefined];
  const { scale, causal, chunk } = attributes;
  const kvHeads = k.shape[1]!;
  const parts: Tensor[] = [];
  const kept: Value[] = [];
  for (const block of blocksOf(q.shape[2]!, k.shape[2]!, chunk, causal)) {
    const probabilities = probabilitiesOf(q, k, block, scale, causal, bias);
    kept.push(probabilities.value);
    const grouped = groupRows(probabilities, kvHeads);
    const output = matMul(grouped, beside(rows(v, 0, block.keys), grouped));
    parts.push(reshape(output, [...probabilities.shape.slice(0, 3), v.shape[3]!]));
  }
  return [concat(parts, 2).value, ...kept];
}

/** Sums the axes that broadcasting stretched. */
function sumTo(x: Tensor, like: Tensor): Tensor {
  const lead = x.rank - like.rank;
  const axes = x.shape.flatMap((length, axis) => (axis < lead || like.shape[axis - lead] !== length ? [axis] : []));
  return axes.length === 0 ? x : reshape(sum(x, { axes, keepDimensions: true }), like.shape);
}

/** Sum of tensors that cover the first rows each, the longest last: in blocks, so that each row is copied once. */
function sumOfPrefixes(prefixes: readonly Tensor[], blocks: readonly Block[]): Tensor {
  if (prefixes.length === 1) return prefixes[0]!;
  const parts = blocks.map(({ start, end }, first) =>
    prefixes
      .slice(first)
      .map((prefix) => rows(prefix, start, end))
      .reduce((total, part) => add(total, part)),
  );
  return concat(parts, 2);
}

/**
 * With S the scaled scores, P = softmax(S), O = P V and dO given: dV = Pᵀ dO, dP = dO Vᵀ,
 * dS = P ∘ (dP − rowsum(dO ∘ O)), dQ = scale · dS K, dK = scale · dSᵀ Q. The row sum stands for Σ P ∘ dP, and is
 * headDim wide instead of keyTime (Dao et al. 2022, arXiv:2205.14135, appendix B.4).
 */
export function expandAttentionGradient({ inputs, attributes }: OperationOf<"attentionGradient">): Value[] {
  const { scale, causal, chunk, hasBias, keptProbabilities } = attributes;
  const [dO, output, q, k, v, ...rest] = tensors(inputs) as [Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const bias = hasBias ? rest[0] : undefined;
  const kept = keptProbabilities ? rest.slice(hasBias ? 1 : 0) : [];
  const kvHeads = k.shape[1]!;
  const blocks = blocksOf(q.shape[2]!, k.shape[2]!, chunk, causal);
  const rowSums = sum(multiply(dO, output), { axes: [-1], keepDimensions: true }); // [batch, heads, time, 1]
  const dQ: Tensor[] = [];
  const dK: Tensor[] = [];
  const dV: Tensor[] = [];
  const dS: Tensor[] = [];
  blocks.forEach((block, index) => {
    const { start, end, keys } = block;
    const probabilities = kept[index] ?? probabilitiesOf(q, k, block, scale, causal, bias);
    const grouped = groupRows(probabilities, kvHeads);
    const dOut = groupRows(rows(dO, start, end), kvHeads);
    dV.push(overGroup(matMul(grouped, dOut, { transposeA: true }), k));
    const dP = reshape(matMul(dOut, beside(rows(v, 0, keys), dOut), { transposeB: true }), probabilities.shape);
    const dScores = multiply(subtract(dP, rows(rowSums, start, end)), probabilities);
    dS.push(dScores);
    const groupedScores = groupRows(dScores, kvHeads);
    const query = groupRows(rows(q, start, end), kvHeads);
    const dQuery = matMul(groupedScores, beside(rows(k, 0, keys), groupedScores), { scale });
    dQ.push(reshape(dQuery, [...probabilities.shape.slice(0, 3), q.shape[3]!]));
    dK.push(overGroup(matMul(groupedScores, query, { transposeA: true, scale }), k));
  });
  const gradients = causal
    ? [concat(dQ, 2), sumOfPrefixes(dK, blocks), sumOfPrefixes(dV, blocks)]
    : [concat(dQ, 2), dK.reduce((a, b) => add(a, b)), dV.reduce((a, b) => add(a, b))];
  if (bias) {
    const whole = dS.map((part) => padKeys(part, k.shape[2]!));
    gradients.push(sumTo(concat(whole, 2), bias));
  }
  return gradients.map((gradient) => gradient.value);
}

/** With a symbolic time each query head has its own product; heads of one group are summed here. */
function overGroup(product: Tensor, like: Tensor): Tensor {
  return product.rank === like.rank ? product : sum(product, { axes: [2] });
}

function padKeys(part: Tensor, keyTime: number): Tensor {
  const missing = keyTime - part.shape[3]!;
  if (isSymbolic(keyTime) || missing === 0) return part;
  return concat([part, broadcastTo(scalar(0), [...part.shape.slice(0, 3), missing])], 3);
}
