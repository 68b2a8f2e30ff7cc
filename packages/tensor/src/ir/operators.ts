/**
 * Every operator of the intermediate representation with the attributes it carries.
 * The tables of rules/ (shape, gradient, evaluation, ONNX) are typed over these names: a new operator does not compile
 * until each of them has answered for it.
 */
import type { ElementType } from "../runtime/host-tensor.ts";
import type { Shape } from "./shape.ts";

/** Constant data; integers are stored as bigint views so that ONNX's int64 loses nothing. */
export type ConstantData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

// biome-ignore lint/complexity/noBannedTypes: an operator without attributes carries exactly the empty object.
type None = {};

export interface OperatorAttributes {
  constant: { data: ConstantData; type: ElementType; shape: Shape };

  // one input, same shape
  negate: None;
  exp: None;
  log: None;
  sqrt: None;
  reciprocal: None;
  absolute: None;
  sine: None;
  cosine: None;
  tanh: None;
  sigmoid: None;
  erf: None;
  relu: None;
  silu: None;
  gelu: { approximation: "none" | "tanh" };
  not: None;
  cast: { to: ElementType };
  /** The same value; gradients end here. Removed once gradients have been taken. */
  stopGradient: None;

  // two inputs, broadcast
  add: None;
  subtract: None;
  multiply: None;
  divide: None;
  maximum: None;
  minimum: None;
  power: None;
  modulo: None;
  equal: None;
  less: None;
  lessOrEqual: None;
  and: None;
  or: None;
  /** condition, whenTrue, whenFalse */
  where: None;

  // moving elements
  reshape: { shape: Shape };
  transpose: { permutation: readonly number[] };
  slice: { axis: number; start: number; end: number };
  concat: { axis: number };
  broadcastTo: { shape: Shape };

  // reductions; axes are sorted and non-negative
  reduceSum: { axes: readonly number[]; keepDimensions: boolean };
  reduceMean: { axes: readonly number[]; keepDimensions: boolean };
  reduceMax: { axes: readonly number[]; keepDimensions: boolean };
  cumulativeSum: { axis: number; reverse: boolean };

  /** Batched product of the last two axes: scale · op(a) op(b). */
  matMul: { transposeA: boolean; transposeB: boolean; scale: number };
  /** Two-dimensional product with an optional third input added: scale · op(a) op(b) + c. */
  gemm: { transposeA: boolean; transposeB: boolean; scale: number };

  // indexing
  /** table [rows, …rest], ids […ids] → […ids, …rest] */
  gatherRows: None;
  /** base [rows, …rest], ids [n], updates [n, …rest] → base with updates added at their rows */
  scatterAddRows: None;
  /** data, indices (same rank) → elements of data along axis */
  gatherElements: { axis: number };
  /** data, indices, updates → data with updates added along axis */
  scatterAddElements: { axis: number };

  // last axis
  softmax: None;
  logSoftmax: None;
  /** x, weight, [bias] → y, mean, inverse deviation */
  layerNorm: { epsilon: number };
  /** x, weight → y, inverse root mean square */
  rmsNorm: { epsilon: number };
  /** x [batch, heads, time, headDim], positions [batch, time], cosines and sines [positions, rotated / 2] */
  rotary: { interleaved: boolean };

  // composites: expanded into the rows above by passes/expand-composites.ts, after gradients have been taken
  /**
   * query [batch, heads, time, headDim], key and value [batch, kvHeads, keyTime, headDim], [bias broadcastable to
   * batch, heads, time, keyTime] → output like query, then the probabilities of each chunk of query rows
   */
  attention: { scale: number; causal: boolean; chunk: number };
  /** output gradient, output, query, key, value, [bias], [probabilities…] → gradients of query, key, value, [bias] */
  attentionGradient: { scale: number; causal: boolean; chunk: number; hasBias: boolean; keptProbabilities: boolean };
  /** hidden [rows, width], weight [vocabulary, width], targets [rows] → loss and log partition function [rows], residue of each chunk */
  linearCrossEntropy: { chunk: number; zLoss: number };
  /** row gradients [rows], hidden, weight, residues… → gradients of hidden and weight */
  linearCrossEntropyGradient: { chunk: number };

  // inference only: no gradient
  /** query, key, value, past key, past value, lengths, total, [cosines, sines] → output, present key, present value */
  cachedAttention: { heads: number; kvHeads: number; scale: number; rotary: boolean; interleaved: boolean };
  /** x, packed weight, scales → x Wᵀ; weights in blocks of integers */
  quantisedLinear: { inputs: number; outputs: number; bits: 4 | 8; block: number };
  /** x, skip, weight → norm(x + skip), x + skip */
  skipRmsNorm: { epsilon: number };
}

export type OperatorName = keyof OperatorAttributes;
