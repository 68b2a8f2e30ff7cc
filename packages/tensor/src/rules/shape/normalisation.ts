/** Shape rules over the last axis: softmax and the layer normalisations. */
import type { Value } from "../../ir/program.ts";
import { formatShape, sameShape } from "../../ir/shape.ts";
import { expectFloat, expectInputs, expectOneType, type ResultType, refuse, type ShapeRule } from "./checks.ts";

export const lastAxis: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 1);
  const [x] = inputs;
  expectFloat(where, "input", x);
  if (x.shape.length === 0) refuse(where, "a scalar", "a tensor with at least one axis", "reshape it to [1]");
  return [x];
};

/** x, once each parameter is known to have the length of its last axis. */
function normalised(where: string, inputs: readonly Value[]): Value {
  const [x, ...parameters] = inputs;
  expectFloat(where, "x", x);
  expectOneType(where, inputs);
  for (const parameter of parameters) {
    if (!sameShape(parameter.shape, x.shape.slice(-1))) {
      refuse(
        where,
        `a parameter of shape ${formatShape(parameter.shape)} for x of shape ${formatShape(x.shape)}`,
        formatShape(x.shape.slice(-1)),
        "give it the length of x's last axis",
      );
    }
  }
  return x;
}

const perRow = (x: Value): ResultType => ({ type: x.type, shape: [...x.shape.slice(0, -1), 1] });

export const layerNorm: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 2, 3);
  const x = normalised(where, inputs);
  return [x, perRow(x), perRow(x)];
};

export const rmsNorm: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 2);
  const x = normalised(where, inputs);
  return [x, perRow(x)];
};

export const skipRmsNorm: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 3);
  const [x, skip, weight] = inputs;
  if (!sameShape(x.shape, skip.shape))
    refuse(where, `${formatShape(x.shape)} and ${formatShape(skip.shape)}`, "equal shapes", "the skip has x's shape");
  expectOneType(where, [x, skip]);
  normalised(where, [x, weight]);
  return [x, x];
};
