/** Gradients of softmax and the layer normalisations, over the last axis. The normalisations use their extra outputs. */
import { reshape } from "../../ops/axes.ts";
import { exp, multiply, subtract } from "../../ops/elementwise.ts";
import { matMul } from "../../ops/linear-algebra.ts";
import { mean, sum } from "../../ops/reductions.ts";
import type { Tensor } from "../../trace/tensor.ts";
import type { GradientRule } from "./gradient-rule.ts";

const overLastAxis = { axes: [-1], keepDimensions: true };

/** mean(x w) over the last axis, kept with length 1. As a product of rows and one column it passes over x once. */
function weightedMean(x: Tensor, weight: Tensor): Tensor {
  if (x.rank === 1) return mean(multiply(x, weight), overLastAxis);
  const width = weight.shape[0]!;
  return matMul(x, reshape(weight, [width, 1]), { scale: 1 / width });
}

/** y (dy − Σ dy y) */
export const softmaxGradient: GradientRule<object> = ({ gradient, outputs: [y], add }) =>
  add(0, () => multiply(y!, subtract(gradient, sum(multiply(gradient, y!), overLastAxis))));

/** dy − softmax Σ dy */
export const logSoftmaxGradient: GradientRule<object> = ({ gradient, outputs: [y], add }) =>
  add(0, () => subtract(gradient, multiply(exp(y!), sum(gradient, overLastAxis))));

/** With x̂ = (x − mean) r: dx = r (w dy − mean(w dy) − x̂ mean(w dy x̂)). */
export const layerNormGradient: GradientRule<object> = ({ gradient, inputs, outputs, add, isWanted }) => {
  const [x, weight] = inputs as [Tensor, Tensor];
  const [, rowMean, inverseDeviation] = outputs as [Tensor, Tensor, Tensor];
  add(2, () => gradient);
  if (!isWanted(0) && !isWanted(1)) return;
  const normal = multiply(subtract(x, rowMean), inverseDeviation); // x̂
  const products = multiply(gradient, normal);
  add(1, () => products);
  add(0, () => {
    const weighted = multiply(gradient, weight);
    const along = weightedMean(products, weight);
    const centred = subtract(weighted, mean(weighted, overLastAxis));
    return multiply(subtract(centred, multiply(normal, along)), inverseDeviation);
  });
};

/** With x̂ = x r: dx = r (w dy − x̂ mean(w dy x̂)). */
export const rmsNormGradient: GradientRule<object> = ({ gradient, inputs, outputs, add, isWanted }) => {
  const [x, weight] = inputs as [Tensor, Tensor];
  const inverse = outputs[1]!;
  if (!isWanted(0) && !isWanted(1)) return;
  const normal = multiply(x, inverse); // x̂
  const products = multiply(gradient, normal);
  add(1, () => products);
  add(0, () => {
    const along = weightedMean(products, weight);
    return multiply(subtract(multiply(gradient, weight), multiply(normal, along)), inverse);
  });
};
