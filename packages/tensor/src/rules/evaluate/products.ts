/** Evaluation of matrix products: three loops. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { elementCount, type Shape } from "../../ir/shape.ts";
import { type EvaluatedTensor, floatsOf } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { broadcastOffsets } from "./offsets.ts";

type Product = OperatorAttributes["gemm"];

/** Reads element (row, column) of op(matrix number `batch`). */
function reader({ data, shape }: EvaluatedTensor, isTransposed: boolean) {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  return (batch: number, row: number, column: number) =>
    Number(data[batch * rows * columns + (isTransposed ? column * columns + row : row * columns + column)]!);
}

/** Which matrix of an operand each matrix of the result reads. */
function batchOffsets(operand: Shape, result: Shape): Int32Array {
  return broadcastOffsets(operand.slice(0, -2), result.slice(0, -2));
}

export const matMul: EvaluationRule<Product> = ([a, b], { transposeA, transposeB, scale }, [result]) => {
  const [rows, columns] = [result!.shape.at(-2)!, result!.shape.at(-1)!];
  const inner = a!.shape.at(transposeA ? -2 : -1)!;
  const [left, right] = [reader(a!, transposeA), reader(b!, transposeB)];
  const [leftBatches, rightBatches] = [batchOffsets(a!.shape, result!.shape), batchOffsets(b!.shape, result!.shape)];
  const product = new Float64Array(elementCount(result!.shape));
  let position = 0;
  for (let batch = 0; batch < leftBatches.length; batch++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let total = 0;
        for (let k = 0; k < inner; k++) {
          total += left(leftBatches[batch]!, row, k) * right(rightBatches[batch]!, k, column);
        }
        product[position++] = scale * total;
      }
    }
  }
  return [product];
};

export const gemm: EvaluationRule<Product> = ([a, b, addend], attributes, results) => {
  const [product] = matMul([a!, b!], attributes, results) as [Float64Array];
  if (addend === undefined) return [product];
  const offsets = broadcastOffsets(addend.shape, results[0]!.shape);
  return [product.map((total, i) => total + floatsOf(addend)[offsets[i]!]!)];
};

/** See the operator for the packing. */
export const quantisedLinear: EvaluationRule<OperatorAttributes["quantisedLinear"]> = (
  [x, packed, scales],
  { inputs, outputs, bits, block },
) => {
  const blocks = Math.ceil(inputs / block);
  const blockBytes = (block * bits) / 8;
  const weightAt = (output: number, input: number): number => {
    const [blockIndex, within] = [Math.floor(input / block), input % block];
    const start = (output * blocks + blockIndex) * blockBytes;
    const byte = Number(packed!.data[start + (bits === 8 ? within : within >> 1)]!);
    const integer = bits === 8 ? byte : within % 2 === 0 ? byte & 15 : byte >> 4;
    return (integer - 2 ** (bits - 1)) * Number(scales!.data[output * blocks + blockIndex]!);
  };
  const rows = elementCount(x!.shape) / inputs;
  const result = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < outputs; output++) {
      let total = 0;
      for (let i = 0; i < inputs; i++) total += floatsOf(x!)[row * inputs + i]! * weightAt(output, i);
      result[row * outputs + output] = total;
    }
  }
  return [result];
};
