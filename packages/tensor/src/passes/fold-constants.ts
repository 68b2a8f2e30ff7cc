/**
 * Computes what depends on constants alone, once, at compile time. Results beyond a size stay operations: a number
 * stretched to a whole tensor is cheaper to stretch again than to keep.
 */
import type { Operation, Program } from "../ir/program.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { type EvaluatedTensor, toConstantData, toEvaluated } from "../rules/evaluate/evaluated-tensor.ts";
import { evaluateOperation } from "../rules/evaluate/index.ts";
import type { ElementType } from "../runtime/host-tensor.ts";
import { record } from "../trace/recorder.ts";
import { rewrite } from "./rewrite.ts";

/** A table of sines for 4096 positions of 128-wide heads still folds. */
const defaultLargest = 2 ** 18;

/** Types that constants can carry. */
const foldable: ReadonlySet<ElementType> = new Set<ElementType>([
  "float32",
  "float64",
  "int64",
  "int32",
  "uint8",
  "bool",
]);

function isFoldable({ outputs, inputs }: Operation, largest: number): boolean {
  const count = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
  const read = inputs.reduce((most, { shape }) => Math.max(most, count(shape)), 1);
  return outputs.every(
    ({ type, shape }) =>
      foldable.has(type) &&
      !shape.some(isSymbolic) &&
      count(shape) <= largest &&
      (count(shape) <= read || count(shape) <= 64),
  );
}

/** @param largest elements of a result that may be kept. A result larger than what it is computed from stays an operation */
export function foldConstants(program: Program, largest = defaultLargest): Program {
  return rewrite(program, (operation, rewriting) => {
    if (operation.operator === "constant" || !isFoldable(operation, largest)) return undefined;
    const operands: EvaluatedTensor[] = [];
    for (const input of operation.inputs) {
      const maker = rewriting.maker(input);
      if (maker?.operator !== "constant") return undefined;
      operands.push(toEvaluated(maker.attributes));
    }
    return evaluateOperation(operation, operands, new Map()).map(
      (result) => record("constant", [], { data: toConstantData(result), type: result.type, shape: result.shape })[0]!,
    );
  });
}
