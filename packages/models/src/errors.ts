/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */
import type { ErrorDetails } from "@myna/tensor";

/** Base of every error that a caller of this package can cause. Command line and server print the message alone. */
export class ModelError extends Error {
  readonly isUserError = true;
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(`${details.where}: found ${details.found}; expected ${details.expected}. To fix: ${details.fix}.`, options);
    this.name = new.target.name;
    this.details = details;
  }
}

/** A configuration that describes no model, or one that this package does not run. */
export class ConfigError extends ModelError {}

/** A checkpoint's file that is missing, damaged or hostile, or whose tensors do not fit the configuration. */
export class CheckpointError extends ModelError {}
