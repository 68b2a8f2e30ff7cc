/** Runs a program in float64, operation by operation: slow, obvious, and right. Tests compare everything else with it. */
import { ShapeError } from "../../errors.ts";
import type { Program, Value } from "../../ir/program.ts";
import { formatShape, sameShape } from "../../ir/shape.ts";
import { isSymbolic } from "../../ir/symbolic-length.ts";
import { type EvaluatedTensor, type TensorLike, toEvaluated } from "./evaluated-tensor.ts";
import { evaluateOperation, resolveShape } from "./index.ts";

/**
 * @param inputs a tensor for each input of the program; floats may be given in float64 whatever their declared type.
 *               Symbolic lengths take their values from these shapes
 * @returns      the program's outputs by name: floats as Float64Array, integers and bool as BigInt64Array
 * @throws {ShapeError} if an input is missing, does not fit its declaration, or an index lies outside its axis
 */
export function evaluateProgram(
  program: Program,
  inputs: Readonly<Record<string, TensorLike>>,
): Record<string, EvaluatedTensor> {
  const lengths = new Map<number, number>();
  const known = new Map<Value, EvaluatedTensor>();
  for (const [name, declared] of program.inputs) {
    known.set(declared, toEvaluated(checkedInput(name, declared, inputs[name], lengths)));
  }
  for (const operation of program.operations) {
    const operands = operation.inputs.map((input) => known.get(input)!);
    evaluateOperation(operation, operands, lengths).forEach((result, index) => {
      known.set(operation.outputs[index]!, result);
    });
  }
  return Object.fromEntries([...program.outputs].map(([name, value]) => [name, known.get(value)!]));
}

/** Compares an input with its declaration and learns symbolic lengths from it. */
function checkedInput(
  name: string,
  declared: Value,
  given: TensorLike | undefined,
  lengths: Map<number, number>,
): TensorLike {
  const where = `evaluateProgram, input "${name}"`;
  const expected = `${declared.type}${formatShape(declared.shape)}`;
  if (given === undefined) {
    throw new ShapeError({ where, found: "nothing", expected, fix: `pass a tensor named "${name}"` });
  }
  declared.shape.forEach((length, axis) => {
    const actual = given.shape[axis];
    if (isSymbolic(length) && actual !== undefined && !lengths.has(length)) lengths.set(length, actual);
  });
  const count = given.shape.reduce((product, length) => product * length, 1);
  const fits = sameShape(resolveShape(declared.shape, lengths), given.shape) && given.data.length === count;
  if (!fits || given.type !== declared.type) {
    throw new ShapeError({
      where,
      found: `${given.type}${formatShape(given.shape)} with ${given.data.length} elements`,
      expected: `${expected}, with ${formatShape(resolveShape(declared.shape, lengths))} in this run`,
      fix: "pass the type and shape that the program was traced with; equal symbols are equal lengths",
    });
  }
  return given;
}
