/** Evaluation of moving, stretching and reducing. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { elementCount, rowMajorStrides } from "../../ir/shape.ts";
import { emptyData, floatsOf, isFloat } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { aroundAxis, broadcastOffsets, stridedOffsets, take } from "./offsets.ts";

export const transpose: EvaluationRule<OperatorAttributes["transpose"]> = ([x], { permutation }, [result]) => {
  const strides = rowMajorStrides(x!.shape);
  return [
    take(
      x!.data,
      stridedOffsets(
        result!.shape,
        permutation.map((axis) => strides[axis]!),
      ),
    ),
  ];
};

export const slice: EvaluationRule<OperatorAttributes["slice"]> = ([x], { axis, start }, [result]) => {
  const strides = rowMajorStrides(x!.shape);
  return [take(x!.data, stridedOffsets(result!.shape, strides, start * strides[axis]!))];
};

export const concat: EvaluationRule<OperatorAttributes["concat"]> = (inputs, { axis }, [result]) => {
  const data = emptyData(result!.type, elementCount(result!.shape));
  const strides = rowMajorStrides(result!.shape);
  let start = 0;
  for (const input of inputs) {
    stridedOffsets(input.shape, strides, start * strides[axis]!).forEach((offset, position) => {
      data[offset] = input.data[position]!;
    });
    start += input.shape[axis]!;
  }
  return [data];
};

export const broadcastTo: EvaluationRule<object> = ([x], _, [result]) => [
  take(x!.data, broadcastOffsets(x!.shape, result!.shape)),
];

type Reduction = OperatorAttributes["reduceSum"];

/** Folds the elements that share a place in the result. */
function reduction(start: number, fold: (total: number, x: number) => number): EvaluationRule<Reduction> {
  return ([x], { axes }, [result]) => {
    const kept = x!.shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
    const totals = new Float64Array(elementCount(kept)).fill(start);
    broadcastOffsets(kept, x!.shape).forEach((place, position) => {
      totals[place] = fold(totals[place]!, Number(x!.data[position]!));
    });
    return [isFloat(result!.type) ? totals : BigInt64Array.from(totals, BigInt)];
  };
}

export const reduceSum = reduction(0, (total, x) => total + x);
export const reduceMax = reduction(Number.NEGATIVE_INFINITY, Math.max);
export const reduceMean: EvaluationRule<Reduction> = (inputs, attributes, results) => {
  const count = elementCount(attributes.axes.map((axis) => inputs[0]!.shape[axis]!));
  return [(reduceSum(inputs, attributes, results)[0] as Float64Array).map((total) => total / count)];
};

export const cumulativeSum: EvaluationRule<OperatorAttributes["cumulativeSum"]> = ([x], { axis, reverse }) => {
  const { outer, length, inner } = aroundAxis(x!.shape, axis);
  const data = isFloat(x!.type) ? Float64Array.from(floatsOf(x!)) : BigInt64Array.from(x!.data as BigInt64Array);
  for (let o = 0; o < outer; o++) {
    for (let step = 1; step < length; step++) {
      const at = reverse ? length - 1 - step : step;
      const before = reverse ? at + 1 : at - 1;
      for (let n = 0; n < inner; n++) {
        const [to, from] = [(o * length + at) * inner + n, (o * length + before) * inner + n];
        if (data instanceof Float64Array) data[to]! += data[from]!;
        else data[to]! += data[from]!;
      }
    }
  }
  return [data];
};
