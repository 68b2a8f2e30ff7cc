/**
 * Programs: straight-line lists of operations over immutable values, every operation after those it reads.
 * Passes take a program and return a program; nothing here knows ONNX.
 */
import type { ElementType } from "../runtime/host-tensor.ts";
import type { OperatorAttributes, OperatorName } from "./operators.ts";
import type { Shape } from "./shape.ts";

/** One tensor of a program. Identity is the object; `id` only names it in print. */
export interface Value {
  readonly id: number;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** One application of an operator. `scope` is where the model made it (`layers.3.mlp`), for prints and profiles. */
export type Operation = {
  [N in OperatorName]: {
    readonly operator: N;
    readonly inputs: readonly Value[];
    readonly attributes: OperatorAttributes[N];
    readonly outputs: readonly Value[];
    readonly scope: string;
  };
}[OperatorName];

export type OperationOf<N extends OperatorName> = Extract<Operation, { operator: N }>;

export interface Program {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly operations: readonly Operation[];
}

let nextId = 0;

export function newValue(type: ElementType, shape: Shape): Value {
  return { id: nextId++, type, shape };
}

/** The operation that makes each value; inputs of the program are absent. */
export function producers(program: Program): Map<Value, Operation> {
  const map = new Map<Value, Operation>();
  for (const operation of program.operations) for (const output of operation.outputs) map.set(output, operation);
  return map;
}

/** How many times each value is read, outputs of the program counted as reads. */
export function useCounts(program: Program): Map<Value, number> {
  const counts = new Map<Value, number>();
  const read = (value: Value) => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const operation of program.operations) operation.inputs.forEach(read);
  for (const value of program.outputs.values()) read(value);
  return counts;
}

/** The same program with values replaced wherever they are read. Chains of replacements are followed. */
export function replaceReads(program: Program, replacement: ReadonlyMap<Value, Value>): Program {
  if (replacement.size === 0) return program;
  const resolve = (value: Value): Value => {
    let current = value;
    for (let next = replacement.get(current); next; next = replacement.get(current)) current = next;
    return current;
  };
  return {
    inputs: program.inputs,
    outputs: new Map([...program.outputs].map(([name, value]) => [name, resolve(value)])),
    operations: program.operations.map((operation) =>
      operation.inputs.some((input) => replacement.has(input))
        ? ({ ...operation, inputs: operation.inputs.map(resolve) } as Operation)
        : operation,
    ),
  };
}
