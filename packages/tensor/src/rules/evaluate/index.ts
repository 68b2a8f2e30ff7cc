/** The meaning of every operator, written to be read: the oracle of gradients, of emitted models and of constant folding. */
import type { OperatorAttributes, OperatorName } from "../../ir/operators.ts";
import type { Operation } from "../../ir/program.ts";
import type { Shape } from "../../ir/shape.ts";
import { isSymbolic } from "../../ir/symbolic-length.ts";
import type { ResultType } from "../shape.ts";
import * as attention from "./attention.ts";
import * as axes from "./axes.ts";
import { cachedAttention } from "./cached-attention.ts";
import * as elementwise from "./elementwise.ts";
import { type EvaluatedTensor, toEvaluated } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import * as indexing from "./indexing.ts";
import * as losses from "./losses.ts";
import * as normalisation from "./normalisation.ts";
import * as products from "./products.ts";

export const evaluationRules = {
  constant: (_, { type, shape, data }) => [toEvaluated({ type, shape, data }).data],
  stopGradient: elementwise.identity,

  negate: elementwise.negate,
  exp: elementwise.exp,
  log: elementwise.log,
  sqrt: elementwise.sqrt,
  reciprocal: elementwise.reciprocal,
  absolute: elementwise.absolute,
  sine: elementwise.sine,
  cosine: elementwise.cosine,
  tanh: elementwise.tanh,
  sigmoid: elementwise.sigmoid,
  erf: elementwise.erf,
  relu: elementwise.relu,
  silu: elementwise.silu,
  gelu: elementwise.gelu,
  not: elementwise.not,
  cast: elementwise.cast,
  add: elementwise.add,
  subtract: elementwise.subtract,
  multiply: elementwise.multiply,
  divide: elementwise.divide,
  maximum: elementwise.maximum,
  minimum: elementwise.minimum,
  power: elementwise.power,
  modulo: elementwise.modulo,
  equal: elementwise.equal,
  less: elementwise.less,
  lessOrEqual: elementwise.lessOrEqual,
  and: elementwise.and,
  or: elementwise.or,
  where: elementwise.where,

  reshape: elementwise.identity,
  transpose: axes.transpose,
  slice: axes.slice,
  concat: axes.concat,
  broadcastTo: axes.broadcastTo,
  reduceSum: axes.reduceSum,
  reduceMean: axes.reduceMean,
  reduceMax: axes.reduceMax,
  cumulativeSum: axes.cumulativeSum,

  matMul: products.matMul,
  gemm: products.gemm,
  quantisedLinear: products.quantisedLinear,

  gatherRows: indexing.gatherRows,
  scatterAddRows: indexing.scatterAddRows,
  gatherElements: indexing.gatherElements,
  scatterAddElements: indexing.scatterAddElements,

  softmax: normalisation.softmax,
  logSoftmax: normalisation.logSoftmax,
  layerNorm: normalisation.layerNorm,
  rmsNorm: normalisation.rmsNorm,
  skipRmsNorm: normalisation.skipRmsNorm,

  rotary: attention.rotary,
  attention: attention.attention,
  attentionGradient: attention.attentionGradient,
  cachedAttention,

  linearCrossEntropy: losses.linearCrossEntropy,
  linearCrossEntropyGradient: losses.linearCrossEntropyGradient,
} satisfies { [N in OperatorName]: EvaluationRule<OperatorAttributes[N]> };

/** What each symbolic length stands for in one evaluation. */
export type SymbolLengths = ReadonlyMap<number, number>;

/** A shape with its symbols replaced; symbols that nothing has named stay. */
export function resolveShape(shape: Shape, lengths: SymbolLengths): Shape {
  return shape.map((length) => (isSymbolic(length) ? (lengths.get(length) ?? length) : length));
}

/**
 * Applies one operation to numbers.
 *
 * @param inputs  as many as the operation reads
 * @param lengths of the symbols in its outputs' shapes; may be left out when there are none
 * @returns       its outputs
 */
export function evaluateOperation(
  operation: Operation,
  inputs: readonly EvaluatedTensor[],
  lengths: SymbolLengths = new Map(),
): EvaluatedTensor[] {
  const results: ResultType[] = operation.outputs.map(({ type, shape }) => ({
    type,
    shape: resolveShape(shape, lengths),
  }));
  const rule = evaluationRules[operation.operator] as EvaluationRule<Operation["attributes"]>;
  return rule(inputs, operation.attributes, results).map((data, index) => ({ ...results[index]!, data }));
}
