/** Shape rules of looking up and of adding at indices. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import type { Value } from "../../ir/program.ts";
import { formatShape, resolveAxis, sameShape } from "../../ir/shape.ts";
import {
  expectInputs,
  expectOneType,
  expectRank,
  expectShape,
  expectType,
  indexTypes,
  refuse,
  type ShapeRule,
} from "./checks.ts";

export const gatherRows: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 2);
  const [table, ids] = inputs;
  expectType(where, "ids", ids, ...indexTypes);
  if (table.shape.length === 0) refuse(where, "a scalar table", "a table with rows", "give the table an axis of rows");
  return [{ type: table.type, shape: [...ids.shape, ...table.shape.slice(1)] }];
};

export const scatterAddRows: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 3);
  const [base, ids, updates] = inputs;
  expectType(where, "ids", ids, "int64");
  expectRank(where, "ids", ids, 1);
  expectOneType(where, [base, updates]);
  expectShape(where, "updates", updates, [...ids.shape, ...base.shape.slice(1)], "one row of updates for each id");
  return [base];
};

function checkIndices(where: string, data: Value, indices: Value, axis: number): void {
  resolveAxis(axis, data.shape.length, where);
  expectType(where, "indices", indices, ...indexTypes);
  if (indices.shape.length !== data.shape.length || indices.shape.some((n, i) => i !== axis && n !== data.shape[i])) {
    refuse(
      where,
      `indices ${formatShape(indices.shape)} into ${formatShape(data.shape)}`,
      `equal lengths on every axis but ${axis}`,
      "reshape the indices",
    );
  }
}

export const gatherElements: ShapeRule<OperatorAttributes["gatherElements"]> = (inputs, { axis }, where) => {
  expectInputs(where, inputs, 2);
  const [data, indices] = inputs;
  checkIndices(where, data, indices, axis);
  return [{ type: data.type, shape: indices.shape }];
};

export const scatterAddElements: ShapeRule<OperatorAttributes["scatterAddElements"]> = (inputs, { axis }, where) => {
  expectInputs(where, inputs, 3);
  const [data, indices, updates] = inputs;
  checkIndices(where, data, indices, axis);
  expectOneType(where, [data, updates]);
  if (!sameShape(indices.shape, updates.shape)) {
    refuse(
      where,
      `indices ${formatShape(indices.shape)} and updates ${formatShape(updates.shape)}`,
      "equal shapes",
      "one update for each index",
    );
  }
  return [data];
};
