/** Evaluation over the last axis: softmax and the layer normalisations. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { type EvaluatedTensor, floatsOf } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";

/** Applies `each` to every row of the last axis and joins what it returns. */
function mapRows(x: EvaluatedTensor, each: (row: Float64Array) => Float64Array): Float64Array {
  const width = x.shape.at(-1)!;
  const result = new Float64Array(x.data.length);
  for (let start = 0; start < result.length; start += width) {
    result.set(each(floatsOf(x).subarray(start, start + width)), start);
  }
  return result;
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
const mean = (values: Float64Array): number => sum(values) / values.length;

/** log Σ eˣ without overflow. */
export function logPartition(row: Float64Array): number {
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return largest + Math.log(sum(row.map((x) => Math.exp(x - largest))));
}

export function softmaxOf(row: Float64Array): Float64Array {
  const logZ = logPartition(row);
  return row.map((x) => Math.exp(x - logZ));
}

export const softmax: EvaluationRule<object> = ([x]) => [mapRows(x!, softmaxOf)];

export const logSoftmax: EvaluationRule<object> = ([x]) => [
  mapRows(x!, (row) => {
    const logZ = logPartition(row);
    return row.map((logit) => logit - logZ);
  }),
];

export const layerNorm: EvaluationRule<OperatorAttributes["layerNorm"]> = ([x, weight, bias], { epsilon }) => {
  const means: number[] = [];
  const inverses: number[] = [];
  const y = mapRows(x!, (row) => {
    const centre = mean(row);
    const inverse = 1 / Math.sqrt(mean(row.map((value) => (value - centre) ** 2)) + epsilon);
    means.push(centre);
    inverses.push(inverse);
    return row.map((value, i) => (value - centre) * inverse * floatsOf(weight!)[i]! + (bias ? floatsOf(bias)[i]! : 0));
  });
  return [y, Float64Array.from(means), Float64Array.from(inverses)];
};

export const rmsNorm: EvaluationRule<OperatorAttributes["rmsNorm"]> = ([x, weight], { epsilon }) => {
  const inverses: number[] = [];
  const y = mapRows(x!, (row) => {
    const inverse = 1 / Math.sqrt(mean(row.map((value) => value * value)) + epsilon);
    inverses.push(inverse);
    return row.map((value, i) => value * inverse * floatsOf(weight!)[i]!);
  });
  return [y, Float64Array.from(inverses)];
};

export const skipRmsNorm: EvaluationRule<OperatorAttributes["skipRmsNorm"]> = ([x, skip, weight], attributes) => {
  const total = floatsOf(x!).map((value, i) => value + floatsOf(skip!)[i]!);
  const [y] = rmsNorm([{ ...x!, data: total }, weight!], attributes, []);
  return [y!, total];
};
