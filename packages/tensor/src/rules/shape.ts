/**
 * What each operator returns for the types and shapes it is given, and what it refuses: the table of the rules in shape/.
 * Every operation of every program passes through here once, when it is made, so later passes need not check.
 */
import type { OperatorAttributes, OperatorName } from "../ir/operators.ts";
import type { Value } from "../ir/program.ts";
import * as attention from "./shape/attention.ts";
import * as axes from "./shape/axes.ts";
import type { ResultType, ShapeRule } from "./shape/checks.ts";
import * as elementwise from "./shape/elementwise.ts";
import * as indexing from "./shape/indexing.ts";
import * as losses from "./shape/losses.ts";
import * as normalisation from "./shape/normalisation.ts";
import * as products from "./shape/products.ts";

export type { ResultType } from "./shape/checks.ts";
export { chunkBounds } from "./shape/chunks.ts";

export const shapeRules = {
  constant: (_, { type, shape }) => [{ type, shape }],
  stopGradient: elementwise.unary,

  negate: elementwise.unary,
  absolute: elementwise.unary,
  relu: elementwise.unary,
  exp: elementwise.floatUnary,
  log: elementwise.floatUnary,
  sqrt: elementwise.floatUnary,
  reciprocal: elementwise.floatUnary,
  sine: elementwise.floatUnary,
  cosine: elementwise.floatUnary,
  tanh: elementwise.floatUnary,
  sigmoid: elementwise.floatUnary,
  erf: elementwise.floatUnary,
  silu: elementwise.floatUnary,
  gelu: elementwise.floatUnary,
  not: elementwise.not,
  cast: elementwise.cast,
  add: elementwise.binary,
  subtract: elementwise.binary,
  multiply: elementwise.binary,
  divide: elementwise.binary,
  maximum: elementwise.binary,
  minimum: elementwise.binary,
  power: elementwise.binary,
  modulo: elementwise.modulo,
  equal: elementwise.comparison,
  less: elementwise.comparison,
  lessOrEqual: elementwise.comparison,
  and: elementwise.logical,
  or: elementwise.logical,
  where: elementwise.where,

  reshape: axes.reshape,
  transpose: axes.transpose,
  slice: axes.slice,
  concat: axes.concat,
  broadcastTo: axes.broadcastTo,
  reduceSum: axes.reduction,
  reduceMean: axes.reduction,
  reduceMax: axes.reduction,
  cumulativeSum: axes.cumulativeSum,

  matMul: products.matMul,
  gemm: products.gemm,
  quantisedLinear: products.quantisedLinear,

  gatherRows: indexing.gatherRows,
  scatterAddRows: indexing.scatterAddRows,
  gatherElements: indexing.gatherElements,
  scatterAddElements: indexing.scatterAddElements,

  softmax: normalisation.lastAxis,
  logSoftmax: normalisation.lastAxis,
  layerNorm: normalisation.layerNorm,
  rmsNorm: normalisation.rmsNorm,
  skipRmsNorm: normalisation.skipRmsNorm,

  rotary: attention.rotary,
  attention: attention.attention,
  attentionGradient: attention.attentionGradient,
  cachedAttention: attention.cachedAttention,

  linearCrossEntropy: losses.linearCrossEntropy,
  linearCrossEntropyGradient: losses.linearCrossEntropyGradient,
} satisfies { [N in OperatorName]: ShapeRule<OperatorAttributes[N]> };

/** The results of applying an operator, or a ShapeError naming it. */
export function inferResults<N extends OperatorName>(
  operator: N,
  inputs: readonly Value[],
  attributes: OperatorAttributes[N],
): readonly ResultType[] {
  const rule = shapeRules[operator] as unknown as ShapeRule<OperatorAttributes[N]>;
  return rule(inputs, attributes, operator).map(({ type, shape }) => ({ type, shape }));
}
