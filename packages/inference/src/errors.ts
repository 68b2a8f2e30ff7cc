/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */
import { type ErrorDetails, ExplainedError } from "@myna/tensor";

export type { ErrorDetails };

/** Base of this package's errors. */
export class InferenceError extends ExplainedError {}

/** A generation option or a message outside its range. */
export class InvalidRequestError extends InferenceError {}

/** The prompt alone is as long as the model's context or longer. */
export class ContextLengthError extends InferenceError {}

/** A model folder that cannot be served: its parts disagree, or its template asks for what we do not have. */
export class ModelRefusedError extends InferenceError {}

/** The queue is full; the same request may succeed later. */
export class EngineBusyError extends InferenceError {
  readonly retryAfterSeconds: number;

  constructor(details: ErrorDetails, retryAfterSeconds: number) {
    super(details);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Whoever asked did not take the answer's events for so long that the slot was given to others. */
export class StalledReaderError extends InferenceError {}

/** The engine was closed before or while it answered. */
export class EngineClosedError extends InferenceError {}

/** The engine's worker died in the middle of a request; the next request meets a fresh one. */
export class EngineCrashedError extends InferenceError {}

export const errorClasses = {
  InferenceError,
  InvalidRequestError,
  ContextLengthError,
  ModelRefusedError,
  EngineBusyError,
  StalledReaderError,
  EngineClosedError,
  EngineCrashedError,
} as const;
