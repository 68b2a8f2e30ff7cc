/** Gradients of looking up and of adding at indices. A lookup scatters onto what has been accumulated: a tied embedding adds to its head's gradient. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { reshape } from "../../ops/axes.ts";
import { zeros } from "../../ops/constants.ts";
import { cast } from "../../ops/elementwise.ts";
import { embedding, gatherElements } from "../../ops/indexing.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import type { GradientRule } from "./gradient-rule.ts";

const zerosLike = (x: Tensor) => zeros(x.shape, x.type);

export const gatherRowsGradient: GradientRule<object> = ({ gradient, inputs, accumulate }) => {
  const [table, ids] = inputs as [Tensor, Tensor];
  accumulate(0, (accumulated = zerosLike(table)) => {
    const flatIds = cast(reshape(ids, [-1]), "int64");
    const updates = reshape(gradient, [...flatIds.shape, ...table.shape.slice(1)]);
    return new Tensor(record("scatterAddRows", [accumulated.value, flatIds.value, updates.value], {})[0]!);
  });
};

export const scatterAddRowsGradient: GradientRule<object> = ({ gradient, inputs: [, ids], add }) => {
  add(0, () => gradient);
  add(2, () => embedding(gradient, ids!));
};

type Along = OperatorAttributes["gatherElements"];

export const gatherElementsGradient: GradientRule<Along> = ({ gradient, attributes, inputs, accumulate }) => {
  const [data, indices] = inputs as [Tensor, Tensor];
  accumulate(0, (accumulated = zerosLike(data)) => {
    const operands = [accumulated.value, indices.value, gradient.value];
    return new Tensor(record("scatterAddElements", operands, attributes)[0]!);
  });
};

export const scatterAddElementsGradient: GradientRule<Along> = ({ gradient, attributes, inputs: [, indices], add }) => {
  add(0, () => gradient);
  add(2, () => gatherElements(gradient, indices!, attributes.axis));
};
