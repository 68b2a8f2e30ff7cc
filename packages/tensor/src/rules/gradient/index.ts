/** The gradient of every operator: a rule, or the reason why there is none. */
import type { OperatorAttributes, OperatorName } from "../../ir/operators.ts";
import * as axes from "./axes.ts";
import * as composites from "./composites.ts";
import * as elementwise from "./elementwise.ts";
import { type GradientEntry, refusedGradient, sharedGradient, zeroGradient } from "./gradient-rule.ts";
import * as indexing from "./indexing.ts";
import * as normalisation from "./normalisation.ts";
import * as products from "./products.ts";

const stepwise = zeroGradient("its result is a truth value or an integer, which does not change by small steps");
const second = refusedGradient(
  "it is itself a gradient, and second derivatives of composites are not built",
  "take gradients once, from the loss",
);
const inference = refusedGradient(
  "it exists for inference only",
  "train with the uncached, unquantised operations, and quantise or cache after training",
);

export const gradientRules = {
  constant: zeroGradient("it has no inputs"),
  stopGradient: zeroGradient("the caller asked for gradients to end here"),

  negate: elementwise.negateGradient,
  exp: elementwise.expGradient,
  log: elementwise.logGradient,
  sqrt: elementwise.sqrtGradient,
  reciprocal: elementwise.reciprocalGradient,
  absolute: elementwise.absoluteGradient,
  sine: elementwise.sineGradient,
  cosine: elementwise.cosineGradient,
  tanh: elementwise.tanhGradient,
  sigmoid: elementwise.sigmoidGradient,
  erf: elementwise.erfGradient,
  relu: elementwise.reluGradient,
  silu: elementwise.siluGradient,
  gelu: elementwise.geluGradient,
  cast: elementwise.castGradient,
  add: elementwise.addGradient,
  subtract: elementwise.subtractGradient,
  multiply: elementwise.multiplyGradient,
  divide: elementwise.divideGradient,
  maximum: elementwise.maximumGradient,
  minimum: elementwise.minimumGradient,
  power: elementwise.powerGradient,
  where: elementwise.whereGradient,

  not: stepwise,
  modulo: stepwise,
  equal: stepwise,
  less: stepwise,
  lessOrEqual: stepwise,
  and: stepwise,
  or: stepwise,

  reshape: sharedGradient("the same numbers in another shape have the same gradient"),
  transpose: axes.transposeGradient,
  slice: axes.sliceGradient,
  concat: axes.concatGradient,
  broadcastTo: axes.broadcastToGradient,
  reduceSum: axes.reduceSumGradient,
  reduceMean: axes.reduceMeanGradient,
  reduceMax: axes.reduceMaxGradient,
  cumulativeSum: axes.cumulativeSumGradient,

  matMul: products.matMulGradient,
  gemm: products.gemmGradient,

  gatherRows: indexing.gatherRowsGradient,
  scatterAddRows: indexing.scatterAddRowsGradient,
  gatherElements: indexing.gatherElementsGradient,
  scatterAddElements: indexing.scatterAddElementsGradient,

  softmax: normalisation.softmaxGradient,
  logSoftmax: normalisation.logSoftmaxGradient,
  layerNorm: normalisation.layerNormGradient,
  rmsNorm: normalisation.rmsNormGradient,

  rotary: composites.rotaryGradient,
  attention: composites.attentionGradient,
  linearCrossEntropy: composites.linearCrossEntropyGradient,

  attentionGradient: second,
  linearCrossEntropyGradient: second,

  cachedAttention: inference,
  quantisedLinear: inference,
  skipRmsNorm: inference,
} satisfies { [N in OperatorName]: GradientEntry<OperatorAttributes[N]> };

export function gradientRuleOf(operator: OperatorName): GradientEntry<OperatorAttributes[OperatorName]> {
  return gradientRules[operator] as GradientEntry<OperatorAttributes[OperatorName]>;
}
