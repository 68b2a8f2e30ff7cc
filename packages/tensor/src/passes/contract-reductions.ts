/**
 * Sums become matrix products where those are faster. Σ x ∘ w over a row, with one w for all rows, is x times a column: the
 * product of the two never lies in memory, and normalisations' gradients are full of these. A sum over all rows is a row
 * of ones times x: 0.14 ms against ReduceSum's 0.42 for [2048, 1536].
 */
import type { OperationOf, Program, Value } from "../ir/program.ts";
import { elementCount } from "../ir/shape.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { reshape } from "../ops/axes.ts";
import { constant } from "../ops/constants.ts";
import { multiply } from "../ops/elementwise.ts";
import { matMul } from "../ops/linear-algebra.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { type Rewriting, rewrite } from "./rewrite.ts";

type Reduction = OperationOf<"reduceSum"> | OperationOf<"reduceMean">;

export function contractReductions(program: Program): Program {
  return rewrite(program, (operation, rewriting) => {
    switch (operation.operator) {
      case "reduceSum":
      case "reduceMean":
        return contractRow(operation, rewriting) ?? contractColumns(operation);
      case "matMul":
      case "gemm":
        return unscaleColumn(operation);
      default:
        return undefined;
    }
  });
}

/** A product with one column is five times faster without a scale, so the column takes it. */
function unscaleColumn(operation: OperationOf<"matMul"> | OperationOf<"gemm">): Value[] | undefined {
  const [rows, column, ...rest] = operation.inputs as [Value, Value, ...Value[]];
  const { scale, transposeA, transposeB } = operation.attributes;
  if (scale === 1 || transposeA || transposeB || column.shape.length !== 2 || column.shape[1] !== 1) return undefined;
  const scaled = multiply(new Tensor(column), scale);
  return [...record(operation.operator, [rows, scaled.value, ...rest], { ...operation.attributes, scale: 1 })];
}

/** The sum over every axis but the last. */
function contractColumns({ operator, inputs: [x], attributes, outputs }: Reduction): Value[] | undefined {
  const rank = x!.shape.length;
  const isLeading = attributes.axes.length === rank - 1 && attributes.axes.every((axis, index) => axis === index);
  if (operator !== "reduceSum" || rank < 2 || !isLeading || x!.shape.some(isSymbolic) || x!.type !== "float32") {
    return undefined;
  }
  const width = x!.shape.at(-1)!;
  const rows = elementCount(x!.shape) / width;
  const ones = constant("float32", [1, rows], new Float32Array(rows).fill(1));
  const flat = reshape(new Tensor(x!), [rows, width]);
  const total = record("gemm", [ones.value, flat.value], { transposeA: false, transposeB: false, scale: 1 })[0]!;
  return [reshape(new Tensor(total), outputs[0]!.shape).value];
}

function contractRow(
  { operator, inputs: [sum], attributes, outputs }: Reduction,
  program: Rewriting,
): Value[] | undefined {
  const rank = sum!.shape.length;
  const width = sum!.shape.at(-1)!;
  if (rank < 2 || isSymbolic(width) || sum!.type !== "float32") return undefined;
  if (attributes.axes.length !== 1 || attributes.axes[0] !== rank - 1 || !attributes.keepDimensions) return undefined;
  const product = program.soleMaker(sum!);
  if (product?.operator !== "multiply") return undefined;
  const vector = product.inputs.find(({ shape }) => shape.length === 1 && shape[0] === width);
  const rows = product.inputs.find((input) => input !== vector);
  if (vector === undefined || rows === undefined || rows.shape.length !== rank) return undefined;
  const weights = operator === "reduceMean" ? multiply(new Tensor(vector), 1 / width) : new Tensor(vector);
  const column = reshape(weights, [width, 1]);
  return [reshape(matMul(new Tensor(rows), column), outputs[0]!.shape).value];
}
