/** What passes share: walking a program and putting other operations in the place of some. */
import { type Operation, type Program, useCounts, type Value } from "../ir/program.ts";
import { withAbsoluteScope, withRecorder } from "../trace/recorder.ts";

export type Pass = (program: Program) => Program;

/** What a visitor may ask about the program as rewritten so far. */
export interface Rewriting {
  /** The operation that makes a value; undefined for inputs of the program. */
  maker(value: Value): Operation | undefined;
  /** As maker, if the value is read once and nowhere else. */
  soleMaker(value: Value): Operation | undefined;
}

/**
 * Walks the operations in order. `visit` sees each with its inputs already replaced; it returns the values that stand
 * for the outputs (operations it records take its place), or undefined to keep the operation.
 */
export function rewrite(
  program: Program,
  visit: (operation: Operation, rewriting: Rewriting) => readonly Value[] | undefined,
): Program {
  const replacement = new Map<Value, Value>();
  const operations: Operation[] = [];
  const makers = new Map<Value, Operation>();
  const counts = useCounts(program);
  const rewriting: Rewriting = {
    maker: (value) => makers.get(value),
    soleMaker: (value) => (counts.get(value) === 1 ? makers.get(value) : undefined),
  };
  const append = (operation: Operation): void => {
    operations.push(operation);
    for (const output of operation.outputs) makers.set(output, operation);
  };
  for (const original of program.operations) {
    const isChanged = original.inputs.some((input) => replacement.has(input));
    const operation = isChanged
      ? ({ ...original, inputs: original.inputs.map((input) => replacement.get(input) ?? input) } as Operation)
      : original;
    const { result, operations: recorded } = withRecorder(() =>
      withAbsoluteScope(operation.scope, () => visit(operation, rewriting)),
    );
    if (result === undefined) {
      append(operation);
      continue;
    }
    for (const made of recorded) {
      append(made);
      for (const input of made.inputs) counts.set(input, (counts.get(input) ?? 0) + 1);
    }
    operation.outputs.forEach((output, index) => {
      const stand = result[index]!;
      if (stand === output) return;
      replacement.set(output, stand);
      counts.set(stand, (counts.get(stand) ?? 0) + (counts.get(output) ?? 0));
    });
  }
  const outputs = new Map([...program.outputs].map(([name, value]) => [name, replacement.get(value) ?? value]));
  return { inputs: program.inputs, outputs, operations };
}
