/**
 * Gives matrix products the work that their kernels do for nothing: a factor becomes their scale, a transposed operand
 * their flag, and what is added to a gemm its third operand, where residuals and gradients then accumulate.
 */
import type { Operation, OperationOf, Program, Value } from "../ir/program.ts";
import { broadcastShapes, type Shape, sameShape } from "../ir/shape.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { record } from "../trace/recorder.ts";
import { type Rewriting, rewrite } from "./rewrite.ts";

type Product = OperationOf<"gemm"> | OperationOf<"matMul">;

function scalarConstant(operation: Operation | undefined): number | undefined {
  if (operation?.operator !== "constant" || operation.attributes.data.length !== 1) return undefined;
  return operation.attributes.type === "float32" ? Number(operation.attributes.data[0]) : undefined;
}

function isSwapOfLastAxes({ permutation }: { readonly permutation: readonly number[] }): boolean {
  const rank = permutation.length;
  return (
    rank >= 2 &&
    permutation[rank - 1] === rank - 2 &&
    permutation[rank - 2] === rank - 1 &&
    permutation.slice(0, -2).every((axis, index) => axis === index)
  );
}

/** multiply(product, number) → the product with another scale. */
function foldScale(program: Rewriting, operation: OperationOf<"multiply">): Value[] | undefined {
  for (const [index, other] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const product = program.soleMaker(operation.inputs[index]!);
    const factor = scalarConstant(program.maker(operation.inputs[other]!));
    if (factor === undefined || product === undefined) continue;
    if (product.operator === "matMul" || (product.operator === "gemm" && product.inputs.length === 2)) {
      const attributes = { ...product.attributes, scale: product.attributes.scale * factor };
      return [...record(product.operator, product.inputs, attributes)];
    }
  }
  return undefined;
}

/** An operand that is a transposed matrix → the matrix and the other flag. Only float32 kernels have flags. */
function foldTransposes(program: Rewriting, operation: Product): Value[] | undefined {
  const [a, b, ...rest] = operation.inputs as [Value, Value, ...Value[]];
  if (a.type !== "float32") return undefined;
  const source = (value: Value): Value | undefined => {
    const maker = program.soleMaker(value); // a transpose with other readers is made anyway
    return maker?.operator === "transpose" && isSwapOfLastAxes(maker.attributes) ? maker.inputs[0] : undefined;
  };
  const [sourceA, sourceB] = [source(a), source(b)];
  if (sourceA === undefined && sourceB === undefined) return undefined;
  const { transposeA, transposeB } = operation.attributes;
  const attributes = {
    ...operation.attributes,
    transposeA: transposeA !== (sourceA !== undefined),
    transposeB: transposeB !== (sourceB !== undefined),
  };
  return [...record(operation.operator, [sourceA ?? a, sourceB ?? b, ...rest], attributes)];
}

function stretches(addend: Shape, to: Shape): boolean {
  if (addend.length > 2 || addend.some(isSymbolic)) return false;
  return sameShape(broadcastShapes(addend, to, "fuse-products"), to);
}

/** add(gemm(a, b), c) → gemm(a, b, c); through a reshape as well when both sides have one shape. */
function foldAddend(program: Rewriting, { inputs: [left, right] }: OperationOf<"add">): Value[] | undefined {
  const candidates = [
    [left!, right!],
    [right!, left!],
  ] as const;
  for (const [sum, addend] of candidates) {
    let maker = program.soleMaker(sum);
    let reshaped: Shape | undefined;
    if (maker?.operator === "reshape") {
      reshaped = maker.attributes.shape;
      maker = program.soleMaker(maker.inputs[0]!);
    }
    if (maker?.operator !== "gemm" || maker.inputs.length !== 2 || addend.type !== "float32") continue;
    const [a, b] = maker.inputs as [Value, Value];
    const shape = maker.outputs[0]!.shape;
    if (reshaped === undefined) {
      if (stretches(addend.shape, shape)) return [...record("gemm", [a, b, addend], maker.attributes)];
    } else if (sameShape(addend.shape, reshaped)) {
      const flat = record("reshape", [addend], { shape })[0]!;
      const total = record("gemm", [a, b, flat], maker.attributes)[0]!;
      return [...record("reshape", [total], { shape: reshaped })];
    }
  }
  return undefined;
}

export function fuseProducts(program: Program): Program {
  return rewrite(program, (operation, rewriting) => {
    switch (operation.operator) {
      case "multiply":
        return foldScale(rewriting, operation);
      case "matMul":
      case "gemm":
        return foldTransposes(rewriting, operation);
      case "add":
        return foldAddend(rewriting, operation);
      default:
        return undefined;
    }
  });
}
