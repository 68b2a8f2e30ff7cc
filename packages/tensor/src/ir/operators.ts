/**
 * Every operator of the intermediate representation with the attributes it carries.
 * The tables of rules/ (shape, gradient, evaluation, ONNX) are typed over these names: a new operator does not compile
 * until each of them has answered for it.
 */
import type { ElementType } from "../runtime/host-tensor.ts";
import type { Shape } from "./shape.ts";

/**
 * Constant data: int64 as bigint views so that ONNX loses nothing, float64 as Float64Array, every narrower float as
 * Float32Array (16-bit types are rounded when the model is written), bool and uint8 as Uint8Array.
 */
export type ConstantData = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

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
   * [batch, heads, chunk rows, keys], keys = all, or up to the chunk's last row when causal.
   * Query head h reads key/value head ⌊h / (heads / kvHeads)⌋.
   */
  attention: { scale: number; causal: boolean; chunk: number };
  /**
   * output gradient, output, query, key, value, [bias], [probabilities of each chunk…] → gradients of query, key, value,
   * and with hasBias of bias (shaped as bias, summed over what broadcast). A bias is passed when its gradient is wanted or
   * when the probabilities are to be computed again; with kept probabilities a mask need not be.
   */
  attentionGradient: { scale: number; causal: boolean; chunk: number; hasBias: boolean; keptProbabilities: boolean };
  /**
   * hidden [rows, width], weight [vocabulary, width], targets [rows] → loss and log partition function log Z [rows], then
   * the residue of each chunk of rows [chunk rows, vocabulary].
   * loss = log Z − logit of the target + zLoss · log²Z; residue = its derivative by the logits
   * = (1 + 2 zLoss log Z) softmax(logits) − one-hot(target).
   */
  linearCrossEntropy: { chunk: number; zLoss: number };
  /**
   * row gradients g [rows], hidden, weight, residues R… → gradients of hidden, (g ⊙ R) weight, and of weight,
   * (g ⊙ R)ᵀ hidden
   */
  linearCrossEntropyGradient: { chunk: number };

  // inference only: no gradient
  /**
   * One step of cached attention, as com.microsoft GroupQueryAttention computes it on buffers of a fixed length.
   *
   * query [batch, time, heads · headDim], key and value [batch, time, kvHeads · headDim] of the new tokens,
   * past key and past value [batch, kvHeads, maximumTime, headDim],
   * lengths int32 [batch]: tokens of each row after this step, less one (tokens before it, when time is 1),
   * total int32 []: the most tokens any row has after this step,
   * with `rotary` cosines and sines [positions, rotated / 2]
   * → output like query, present key and present value like the past (they may share its memory).
   *
   * A prompt has total = time: it fills empty caches, and rows shorter than it are padded at the end (outputs of padding
   * mean nothing). Otherwise row b held lengths[b] + 1 − time tokens before. New token i sits at position
   * tokens before + i: its key and value are rotated to it and written there, and it sees positions up to its own.
   */
  cachedAttention: { heads: number; kvHeads: number; scale: number; rotary: boolean; interleaved: boolean };
  /**
   * x […, inputs], packed weight uint8 [outputs, blocks, block · bits / 8], scales [outputs, blocks] or flat → x Wᵀ.
   * blocks = ⌈inputs / block⌉; W = (integer − 2^(bits − 1)) · scale; of two 4-bit integers in a byte the low half is first.
   */
  quantisedLinear: { inputs: number; outputs: number; bits: 4 | 8; block: number };
  /** x, skip, weight → norm(x + skip), x + skip */
  skipRmsNorm: { epsilon: number };
}

export type OperatorName = keyof OperatorAttributes;
