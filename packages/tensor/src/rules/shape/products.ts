/** Shape rules of matrix products. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import type { Value } from "../../ir/program.ts";
import { broadcastShapes, formatShape, type Shape, sameShape } from "../../ir/shape.ts";
import { expectInputs, expectLength, expectOneType, expectRank, expectType, refuse, type ShapeRule } from "./checks.ts";

/** Rows and columns of a matrix operand once transposed. */
function matrixSides(shape: Shape, transposed: boolean): [rows: number, columns: number] {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

function product(where: string, a: Value, b: Value, transposeA: boolean, transposeB: boolean): [number, number] {
  const [rows, inner] = matrixSides(a.shape, transposeA);
  const [innerB, columns] = matrixSides(b.shape, transposeB);
  if (inner !== innerB || a.type !== b.type) {
    refuse(
      where,
      `${a.type}${formatShape(a.shape)}${transposeA ? " transposed" : ""} times ${b.type}${formatShape(b.shape)}${transposeB ? " transposed" : ""}`,
      "one type and equal inner lengths",
      `the left operand has ${formatShape([inner])} columns, the right one ${formatShape([innerB])} rows`,
    );
  }
  return [rows, columns];
}

export const matMul: ShapeRule<OperatorAttributes["matMul"]> = (inputs, { transposeA, transposeB }, where) => {
  expectInputs(where, inputs, 2);
  const [a, b] = inputs;
  if (a.shape.length < 2 || b.shape.length < 2) {
    refuse(
      where,
      `${formatShape(a.shape)} times ${formatShape(b.shape)}`,
      "at least two axes each",
      "reshape vectors to [1, n] or [n, 1]",
    );
  }
  const [rows, columns] = product(where, a, b, transposeA, transposeB);
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), where);
  return [{ type: a.type, shape: [...batch, rows, columns] }];
};

export const gemm: ShapeRule<OperatorAttributes["gemm"]> = (inputs, { transposeA, transposeB }, where) => {
  expectInputs(where, inputs, 2, 3);
  const [a, b, c] = inputs;
  expectRank(where, "the left operand", a, 2);
  expectRank(where, "the right operand", b, 2);
  const shape = product(where, a, b, transposeA, transposeB);
  expectOneType(where, inputs);
  if (c && !sameShape(broadcastShapes(c.shape, shape, where), shape)) {
    refuse(
      where,
      `an addend of shape ${formatShape(c.shape)}`,
      `one that stretches to ${formatShape(shape)}`,
      "check the addend's columns",
    );
  }
  return [{ type: a.type, shape }];
};

export const quantisedLinear: ShapeRule<OperatorAttributes["quantisedLinear"]> = (
  inputs,
  { inputs: width, outputs },
  where,
) => {
  expectInputs(where, inputs, 3);
  const [x, packed] = inputs;
  expectType(where, "the packed weight", packed, "uint8");
  expectLength(where, "input width", x.shape.at(-1)!, width, "pass the width the weight was packed for");
  return [{ type: x.type, shape: [...x.shape.slice(0, -1), outputs] }];
};
