/** Which values are in memory when, as far as a program's order decides it: the basis of scheduling and of its estimates. */
import type { Program, Value } from "../ir/program.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { elementBytes } from "../runtime/host-tensor.ts";

/** Bytes of a value; symbolic lengths count as 1, so that programs of known lengths alone give true sizes. */
export function valueBytes({ type, shape }: Value): number {
  return shape.reduce((product, length) => product * (isSymbolic(length) ? 1 : length), elementBytes(type));
}

/**
 * The value whose memory each value lies in: reshapes share their operand's. Inputs and constants are kept by others,
 * and outputs lie in the caller's tensors, so all of these are absent.
 */
export function storage(program: Program): Map<Value, Value> {
  const owners = new Map<Value, Value>();
  const outside = new Set<Value>([...program.inputs.values(), ...program.outputs.values()]);
  for (const { operator, inputs, outputs } of program.operations) {
    for (const output of outputs) {
      if (operator === "constant" || outside.has(output)) continue;
      if (operator !== "reshape") owners.set(output, output);
      else if (owners.has(inputs[0]!)) owners.set(output, owners.get(inputs[0]!)!);
    }
  }
  return owners;
}

export interface Lifetime {
  /** Index of the operation that makes the value. */
  readonly made: number;
  /** Indices of the operations that read it, in order. */
  readonly reads: readonly number[];
  readonly bytes: number;
}

/** Lifetimes of all values that need memory of the session's own and are read. */
export function lifetimes(program: Program): Map<Value, Lifetime> {
  const owners = storage(program);
  const result = new Map<Value, { made: number; reads: number[]; bytes: number }>();
  program.operations.forEach(({ inputs, outputs }, index) => {
    for (const input of inputs) {
      const owner = owners.get(input);
      if (owner !== undefined) result.get(owner)!.reads.push(index);
    }
    for (const output of outputs) {
      if (owners.get(output) === output) result.set(output, { made: index, reads: [], bytes: valueBytes(output) });
    }
  });
  for (const [value, { reads }] of result) if (reads.length === 0) result.delete(value);
  return result;
}

/** Bytes alive while each operation runs. */
export function bytesByOperation(program: Program, lives = lifetimes(program)): Float64Array {
  const changes = new Float64Array(program.operations.length + 1);
  for (const { made, reads, bytes } of lives.values()) {
    changes[made]! += bytes;
    changes[reads.at(-1)! + 1]! -= bytes;
  }
  for (let index = 1; index < changes.length; index++) changes[index]! += changes[index - 1]!;
  return changes.subarray(0, -1);
}

/** The most memory that intermediate values need at once. Weights, inputs and outputs are not counted. */
export function estimatePeakBytes(program: Program): number {
  return bytesByOperation(program).reduce((most, bytes) => Math.max(most, bytes), 0);
}
