/**
 * Orders operations so that large values die early. The order of the program stays, but whenever all that remains to be
 * done with a value can be done at once for less memory than the value takes, it is done: a block's residue of the
 * vocabulary head is spent on its gradients before the next block of logits is made.
 */
import { type Operation, type Program, producers, type Value } from "../ir/program.ts";
import { storage, valueBytes } from "./lifetimes.ts";

/** Values below this are not worth changing the order for. */
const leastBytes = 2 ** 16;
/** Operations that may be drawn forward to finish with one value. */
const mostOperations = 64;

export function schedule(program: Program): Program {
  const makers = producers(program);
  const owners = storage(program);
  const position = new Map(program.operations.map((operation, index) => [operation, index]));
  const readers = new Map<Value, Operation[]>();
  for (const operation of program.operations) {
    for (const input of new Set(operation.inputs)) {
      const owner = owners.get(input);
      if (owner !== undefined) readers.set(owner, [...(readers.get(owner) ?? []), operation]);
    }
  }
  const done = new Set<Operation>();
  const ordered: Operation[] = [];

  /** Bytes alive after some operations have run, less those alive before. */
  const growth = (operations: readonly Operation[]): number => {
    const then = new Set([...done, ...operations]);
    const isDead = (value: Value) => (readers.get(value) ?? []).every((reader) => then.has(reader));
    const made = operations.flatMap(({ outputs }) => outputs.filter((output) => owners.get(output) === output));
    const before = new Set(operations.flatMap(({ inputs }) => inputs.flatMap((input) => owners.get(input) ?? [])));
    for (const value of made) before.delete(value);
    const sum = (values: readonly Value[]) => values.reduce((total, value) => total + valueBytes(value), 0);
    return sum(made.filter((value) => !isDead(value))) - sum([...before].filter(isDead));
  };

  /** What must still run before and including the readers of some values, in program order; undefined if it is too much. */
  const remaining = (values: readonly Value[]): Operation[] | undefined => {
    const needed = new Set<Operation>();
    const visit = (operation: Operation): boolean => {
      if (done.has(operation) || needed.has(operation)) return true;
      if (needed.size === mostOperations) return false;
      needed.add(operation);
      return operation.inputs.every((input) => {
        const maker = makers.get(input);
        return maker === undefined || visit(maker);
      });
    };
    for (const value of values) {
      for (const reader of readers.get(value) ?? []) if (!visit(reader)) return undefined;
    }
    return [...needed].sort((a, b) => position.get(a)! - position.get(b)!);
  };

  const run = (operation: Operation): void => {
    if (done.has(operation)) return;
    done.add(operation);
    ordered.push(operation);
    for (const output of operation.outputs) finish(output);
  };
  const finish = (output: Value): void => {
    const owner = owners.get(output);
    if (owner === undefined || valueBytes(owner) < leastBytes) return;
    const finished = [owner];
    let rest = remaining(finished);
    if (rest === undefined || rest.length === 0) return;
    if (growth(rest) >= 0) {
      // Perhaps it pays together with the other large values that these operations read.
      for (const value of new Set(rest.flatMap(({ inputs }) => inputs.flatMap((input) => owners.get(input) ?? [])))) {
        const wider = valueBytes(value) < leastBytes ? undefined : remaining([...finished, value]);
        if (wider === undefined) continue;
        finished.push(value);
        rest = wider;
      }
    }
    if (growth(rest) < 0) rest.forEach(run);
  };
  program.operations.forEach(run);
  return { ...program, operations: ordered };
}
