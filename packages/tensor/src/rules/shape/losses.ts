/** Shape rules of the cross-entropy of a vocabulary head and of its gradient. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import {
  expectInputs,
  expectLength,
  expectOneType,
  expectRank,
  expectShape,
  expectType,
  type ShapeRule,
} from "./checks.ts";
import { chunkBounds } from "./chunks.ts";

export const linearCrossEntropy: ShapeRule<OperatorAttributes["linearCrossEntropy"]> = (inputs, { chunk }, where) => {
  expectInputs(where, inputs, 3);
  const [hidden, weight, targets] = inputs;
  expectRank(where, "hidden", hidden, 2);
  expectRank(where, "weight", weight, 2);
  expectType(where, "targets", targets, "int64");
  expectRank(where, "targets", targets, 1);
  expectOneType(where, [hidden, weight]);
  expectLength(where, "hidden width", hidden.shape[1], weight.shape[1], "hidden and weight share their last axis");
  expectLength(where, "targets", targets.shape[0], hidden.shape[0], "one target for each row");
  const rows = { type: hidden.type, shape: [hidden.shape[0]] };
  return [
    rows,
    rows,
    ...chunkBounds(hidden.shape[0], chunk).map(([start, end]) => ({
      type: hidden.type,
      shape: [end - start, weight.shape[0]],
    })),
  ];
};

export const linearCrossEntropyGradient: ShapeRule<OperatorAttributes["linearCrossEntropyGradient"]> = (
  inputs,
  { chunk },
  where,
) => {
  const [gradient, hidden, weight] = inputs;
  expectInputs(where, inputs, 3 + chunkBounds(hidden.shape[0], chunk).length);
  expectOneType(where, inputs);
  expectShape(where, "row gradients", gradient, hidden.shape.slice(0, 1), "one gradient for each row");
  return [hidden, weight];
};
