/** Drops operations whose results nobody reads, and stopGradient, which has done its work by now. */
import type { Operation, Program, Value } from "../ir/program.ts";
import { rewrite } from "./rewrite.ts";

export function eliminateDeadCode(program: Program): Program {
  const { inputs, outputs, operations } = rewrite(program, ({ operator, inputs }) =>
    operator === "stopGradient" ? [inputs[0]!] : undefined,
  );
  const isRead = new Set<Value>(outputs.values());
  const kept: Operation[] = [];
  for (const operation of [...operations].reverse()) {
    if (!operation.outputs.some((output) => isRead.has(output))) continue;
    for (const input of operation.inputs) isRead.add(input);
    kept.push(operation);
  }
  return { inputs, outputs, operations: kept.reverse() };
}
