/**
 * What both runtimes refuse alike. Tensors are compared with what a model declares before any C code sees them: ONNX Runtime accepts unknown output names,
 * and an input it refuses once leaves the binding broken for ever.
 */

import { OnnxRuntimeError, ShapeError } from "../errors.ts";
import type { HostTensor } from "./host-tensor.ts";
import type { ValueInfo } from "./runtime.ts";

const quoteList = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(", ") || "none";

function describe(value: { type: string; shape: readonly (number | string)[] }): string {
  return `${value.type} [${value.shape.join(", ")}]`;
}

/** @throws {ShapeError} if `name` is not declared, or the tensor's type, rank or a fixed size differs from it */
export function checkBinding(
  side: "input" | "output",
  declared: ReadonlyMap<string, ValueInfo>,
  name: string,
  tensor: HostTensor,
): void {
  const value = declared.get(name);
  if (value === undefined) {
    throw new ShapeError({
      where: `${side} "${name}"`,
      found: "no such name in the model",
      expected: `one of ${quoteList(declared.keys())}`,
      fix: `bind one of the model's ${side}s`,
    });
  }
  const sameShape =
    value.shape.length === tensor.shape.length &&
    value.shape.every((size, axis) => typeof size === "string" || size === tensor.shape[axis]);
  if (value.type !== tensor.type || !sameShape) {
    throw new ShapeError({
      where: `${side} "${name}"`,
      found: describe(tensor),
      expected: describe(value),
      fix: "bind a tensor of the declared type and shape",
    });
  }
  checkAttached(side, name, tensor);
}

/** @throws {ShapeError} if the tensor's memory has gone: a WebAssembly memory that grew, a buffer that was transferred */
export function checkAttached(side: "input" | "output", name: string, tensor: HostTensor): void {
  if (!tensor.data.buffer.detached) return;
  throw new ShapeError({
    where: `${side} "${name}"`,
    found: "a tensor whose buffer is detached",
    expected: `${describe(tensor)} in memory`,
    fix: "make tensors anew after their WebAssembly memory grew, and do not transfer their buffers to another thread",
  });
}

/** @throws {ShapeError} naming the inputs that are not bound */
export function checkAllInputsBound(declared: ReadonlyMap<string, ValueInfo>, bound: ReadonlySet<string>): void {
  const missing = [...declared.keys()].filter((name) => !bound.has(name));
  if (missing.length === 0) return;
  throw new ShapeError({
    where: "bind",
    found: `no tensor for ${quoteList(missing)}`,
    expected: "a tensor for every input of the model",
    fix: "add them to the inputs",
  });
}

/** Refuses strings, sequences and the like, which no host tensor carries. */
export function unsupportedType(where: string, found: number | string): OnnxRuntimeError {
  return new OnnxRuntimeError({
    where,
    found: `ONNX element type ${found}`,
    expected: "a tensor of floats, integers or booleans",
    fix: "cast it inside the model",
  });
}

/** What an aborted run rejects with: named as the platform's own calls name it. */
export function abortError(): DOMException {
  return new DOMException("The run was aborted", "AbortError");
}
