/** What passes share: walking a program and putting other operations in the place of some. */
import type { Operation, Program, Value } from "../ir/program.ts";
import { withAbsoluteScope, withRecorder } from "../trace/recorder.ts";

export type Pass = (program: Program) => Program;

/**
 * Walks the operations in order. `visit` sees each with its inputs already replaced; it returns the values that stand
 * for the outputs (operations it records take its place), or undefined to keep the operation.
 */
export function rewrite(program: Program, visit: (operation: Operation) => readonly Value[] | undefined): Program {
  const replacement = new Map<Value, Value>();
  const operations: Operation[] = [];
  for (const original of program.operations) {
    const isChanged = original.inputs.some((input) => replacement.has(input));
    const operation = isChanged
      ? ({ ...original, inputs: original.inputs.map((input) => replacement.get(input) ?? input) } as Operation)
      : original;
    const { result, operations: recorded } = withRecorder(() =>
      withAbsoluteScope(operation.scope, () => visit(operation)),
    );
    if (result === undefined) {
      operations.push(operation);
      continue;
    }
    operations.push(...recorded);
    operation.outputs.forEach((output, index) => {
      const stand = result[index]!;
      if (stand !== output) replacement.set(output, stand);
    });
  }
  const outputs = new Map([...program.outputs].map(([name, value]) => [name, replacement.get(value) ?? value]));
  return { inputs: program.inputs, outputs, operations };
}
