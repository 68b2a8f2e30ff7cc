/** Operators that move, reduce, gather and scatter elements, as ONNX nodes. */
import type { Value } from "../../ir/program.ts";
import type { Shape } from "../../ir/shape.ts";
import { isSymbolic } from "../../ir/symbolic-length.ts";
import type { OnnxBuilder } from "../../onnx/builder.ts";
import { direct, flag, integer, type OnnxRule } from "./rule.ts";

/** A reshape's target: 0 keeps the input's length on that axis, one -1 is left over; otherwise read at run time. */
function reshapeTarget(builder: OnnxBuilder, from: Shape, to: Shape): string {
  const target = to.map((length, axis) => (isSymbolic(length) && from[axis] === length ? 0 : length));
  const unknown = target.filter(isSymbolic).length;
  // A literal 0 must not be read as "keep", and -1 cannot be inferred beside an empty axis.
  if (unknown > 1 || to.includes(0)) return builder.shapeVector(to);
  return builder.integers(target.map((length) => (isSymbolic(length) ? -1 : length)));
}

const reshape: OnnxRule<"reshape"> = (builder, { inputs: [x], outputs: [y], attributes: { shape } }) => {
  const attributes = shape.includes(0) ? { allowzero: integer(1) } : undefined;
  builder.node("Reshape", [builder.name(x!), reshapeTarget(builder, x!.shape, shape)], [builder.name(y!)], {
    ...(attributes && { attributes }),
  });
};

const transpose: OnnxRule<"transpose"> = (builder, operation) =>
  direct(builder, "Transpose", operation, { perm: { ints: operation.attributes.permutation } });

const slice: OnnxRule<"slice"> = (builder, { inputs: [x], outputs: [y], attributes: { axis, start, end } }) =>
  builder.node(
    "Slice",
    [builder.name(x!), builder.integers([start]), builder.integers([end]), builder.integers([axis])],
    [builder.name(y!)],
  );

const concat: OnnxRule<"concat"> = (builder, operation) =>
  direct(builder, "Concat", operation, { axis: integer(operation.attributes.axis) });

const broadcastTo: OnnxRule<"broadcastTo"> = (builder, { inputs: [x], outputs: [y], attributes: { shape } }) =>
  builder.node("Expand", [builder.name(x!), builder.shapeVector(shape)], [builder.name(y!)]);

const reduction =
  (opType: string): OnnxRule<"reduceSum" | "reduceMean" | "reduceMax"> =>
  (builder, { inputs, outputs: [y], attributes: { axes, keepDimensions } }) => {
    const x = inputs[0] as Value;
    if (axes.length === 0) {
      builder.node("Identity", [builder.name(x)], [builder.name(y!)]);
      return;
    }
    builder.node(opType, [builder.name(x), builder.integers(axes)], [builder.name(y!)], {
      attributes: { keepdims: flag(keepDimensions) },
    });
  };

const cumulativeSum: OnnxRule<"cumulativeSum"> = (builder, { inputs: [x], outputs: [y], attributes }) =>
  builder.node(
    "CumSum",
    [builder.name(x!), builder.initializer("int64", [], BigInt64Array.of(BigInt(attributes.axis)))],
    [builder.name(y!)],
    { attributes: { reverse: flag(attributes.reverse) } },
  );

const scatterAddRows: OnnxRule<"scatterAddRows"> = (builder, { inputs: [base, ids, updates], outputs: [y] }) => {
  const rows = builder.step("Unsqueeze", [builder.name(ids!), builder.integers([1])]);
  builder.node("ScatterND", [builder.name(base!), rows, builder.name(updates!)], [builder.name(y!)], {
    attributes: { reduction: { string: "add" } },
  });
};

export const movingRules = {
  reshape,
  transpose,
  slice,
  concat,
  broadcastTo,
  reduceSum: reduction("ReduceSum") as OnnxRule<"reduceSum">,
  reduceMean: reduction("ReduceMean") as OnnxRule<"reduceMean">,
  reduceMax: reduction("ReduceMax") as OnnxRule<"reduceMax">,
  cumulativeSum,
  gatherRows: ((builder, operation) =>
    direct(builder, "Gather", operation, { axis: integer(0) })) as OnnxRule<"gatherRows">,
  scatterAddRows,
  gatherElements: ((builder, operation) =>
    direct(builder, "GatherElements", operation, {
      axis: integer(operation.attributes.axis),
    })) as OnnxRule<"gatherElements">,
  scatterAddElements: ((builder, operation) =>
    direct(builder, "ScatterElements", operation, {
      axis: integer(operation.attributes.axis),
      reduction: { string: "add" },
    })) as OnnxRule<"scatterAddElements">,
};
