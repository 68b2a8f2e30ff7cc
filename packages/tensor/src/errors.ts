/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */

export interface ErrorDetails {
  /** The operation or object that refused, in the caller's words: "matMul", "input tokens". */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

/** Base of every error that whoever uses a package can cause. Command line and server print the message alone. */
export class ExplainedError extends Error {
  readonly isUserError = true;
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(`${details.where}: found ${details.found}; expected ${details.expected}. To fix: ${details.fix}.`, options);
    this.name = new.target.name;
    this.details = details;
  }
}

/** Base of this package's errors. */
export class TensorError extends ExplainedError {}

/** Shapes, element types or lengths that do not fit together. */
export class ShapeError extends TensorError {}

/** ONNX Runtime refused a model or a run, or an object of it was used out of turn. */
export class OnnxRuntimeError extends TensorError {}

/** A model that cannot be written as ONNX. */
export class EncodeError extends TensorError {}

/** A WebAssembly arena has no room left. */
export class ArenaFullError extends TensorError {}
