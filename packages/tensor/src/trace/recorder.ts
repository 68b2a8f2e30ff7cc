/**
 * The list of operations being written. One recorder is current while a traced function runs; gradient rules and passes
 * write through the same door, so every operation is shape-checked when it is made and carries the scope it came from.
 */
import { ShapeError } from "../errors.ts";
import type { OperatorAttributes, OperatorName } from "../ir/operators.ts";
import { newValue, type Operation, type Value } from "../ir/program.ts";
import { inferResults } from "../rules/shape.ts";

interface Recorder {
  readonly operations: Operation[];
  scope: string;
}

let current: Recorder | undefined;

/** Collects what `body` records. Recorders nest: the inner one takes over until its body ends, even if it throws. */
export function withRecorder<Result>(body: () => Result): { result: Result; operations: Operation[] } {
  const outer = current;
  const recorder: Recorder = { operations: [], scope: "" };
  current = recorder;
  try {
    return { result: body(), operations: recorder.operations };
  } finally {
    current = outer;
  }
}

/** Names the operations that `body` records, `layers.3` inside `decoder` giving `decoder.layers.3`. */
export function withScope<Result>(name: string, body: () => Result): Result {
  const recorder = current;
  if (recorder === undefined) return body();
  const outer = recorder.scope;
  recorder.scope = outer === "" ? name : `${outer}.${name}`;
  try {
    return body();
  } finally {
    recorder.scope = outer;
  }
}

/** As withScope, but replaces the whole scope: gradient rules write under the scope of the operation they answer. */
export function withAbsoluteScope<Result>(scope: string, body: () => Result): Result {
  const recorder = current;
  if (recorder === undefined) return body();
  const outer = recorder.scope;
  recorder.scope = scope;
  try {
    return body();
  } finally {
    recorder.scope = outer;
  }
}

/**
 * Appends one operation to the current recorder.
 *
 * @returns its outputs, as many as the operator's shape rule says
 * @throws {ShapeError} if the operator refuses the inputs, or nothing is being traced
 */
export function record<N extends OperatorName>(
  operator: N,
  inputs: readonly Value[],
  attributes: OperatorAttributes[N],
): readonly Value[] {
  if (current === undefined) {
    throw new ShapeError({
      where: operator,
      found: "a call outside a trace",
      expected: "calls from the function given to traceProgram",
      fix: "move the computation into the traced function",
    });
  }
  const outputs = inferResults(operator, inputs, attributes).map(({ type, shape }) => newValue(type, shape));
  current.operations.push({ operator, inputs, attributes, outputs, scope: current.scope } as unknown as Operation);
  return outputs;
}
