/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */
import { ExplainedError } from "@myna/tensor";

/** Base of this package's errors. */
export class ModelError extends ExplainedError {}

/** A configuration that describes no model, or one that this package does not run. */
export class ConfigError extends ModelError {}

/** A checkpoint's file that is missing, damaged or hostile, or whose tensors do not fit the configuration. */
export class CheckpointError extends ModelError {}
