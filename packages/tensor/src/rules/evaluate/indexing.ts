/** Evaluation of looking up and of adding at indices. An index outside its axis is an error here, never a wrong number. */
import { ShapeError } from "../../errors.ts";
import type { OperatorAttributes } from "../../ir/operators.ts";
import { elementCount, type Shape } from "../../ir/shape.ts";
import { type EvaluatedTensor, emptyData, floatsOf } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { aroundAxis } from "./offsets.ts";

export function checkIndex(where: string, index: bigint | number, length: number): number {
  const position = Number(index);
  if (position >= 0 && position < length) return position;
  throw new ShapeError({
    where,
    found: `index ${index}`,
    expected: `0 to ${length - 1}`,
    fix: "check the ids against the length of the axis they index",
  });
}

export const gatherRows: EvaluationRule<object> = ([table, ids], _, [result]) => {
  const width = elementCount(table!.shape.slice(1));
  const data = emptyData(result!.type, elementCount(result!.shape));
  ids!.data.forEach((id, position) => {
    const row = checkIndex("gatherRows", id, table!.shape[0]!);
    for (let i = 0; i < width; i++) data[position * width + i] = table!.data[row * width + i]!;
  });
  return [data];
};

export const scatterAddRows: EvaluationRule<object> = ([base, ids, updates]) => {
  const width = elementCount(base!.shape.slice(1));
  const data = Float64Array.from(floatsOf(base!));
  ids!.data.forEach((id, position) => {
    const row = checkIndex("scatterAddRows", id, base!.shape[0]!);
    for (let i = 0; i < width; i++) data[row * width + i]! += floatsOf(updates!)[position * width + i]!;
  });
  return [data];
};

/** For each index, where in `data` it points. */
function pointedOffsets(where: string, shape: Shape, indices: EvaluatedTensor, axis: number): number[] {
  const data = aroundAxis(shape, axis);
  const own = aroundAxis(indices.shape, axis);
  return Array.from(indices.data as BigInt64Array, (index, position) => {
    const outer = Math.floor(position / (own.length * own.inner));
    return (outer * data.length + checkIndex(where, index, data.length)) * data.inner + (position % own.inner);
  });
}

type Along = OperatorAttributes["gatherElements"];

export const gatherElements: EvaluationRule<Along> = ([data, indices], { axis }, [result]) => {
  const chosen = emptyData(result!.type, indices!.data.length);
  pointedOffsets("gatherElements", data!.shape, indices!, axis).forEach((offset, position) => {
    chosen[position] = data!.data[offset]!;
  });
  return [chosen];
};

export const scatterAddElements: EvaluationRule<Along> = ([data, indices, updates], { axis }) => {
  const result = Float64Array.from(floatsOf(data!));
  pointedOffsets("scatterAddElements", data!.shape, indices!, axis).forEach((offset, position) => {
    result[offset]! += floatsOf(updates!)[position]!;
  });
  return [result];
};
