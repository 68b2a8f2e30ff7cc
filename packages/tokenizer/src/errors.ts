/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */

export interface ErrorDetails {
  /** The file, field or operation that refused, in the caller's words: "tokenizer.json model.merges[3]". */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

/** Base of every error that a caller of this package can cause. Command line and server print the message alone. */
export class TokenizerError extends Error {
  readonly isUserError = true;
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(`${details.where}: found ${details.found}; expected ${details.expected}. To fix: ${details.fix}.`, options);
    this.name = new.target.name;
    this.details = details;
  }
}

/** A tokenizer.json or tokenizer_config.json that breaks its own format: not JSON, a wrong type, a merge of unknown tokens. */
export class TokenizerFormatError extends TokenizerError {}

/** A well-formed tokenizer of a kind that this package does not read. */
export class UnsupportedTokenizerError extends TokenizerError {}

/** An id, option or text that the tokenizer cannot honour. */
export class TokenizerInputError extends TokenizerError {}

/** A chat template that does not parse, refuses its messages, or does not show where the answers are. */
export class ChatTemplateError extends TokenizerError {}

/** A short quotation of a value that may be long or hostile, for error messages. */
export function quote(value: unknown): string {
  const text = textOf(value);
  return text.length <= 80 ? text : `${text.slice(0, 60)}… (${text.length} characters)`;
}

function textOf(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    return JSON.stringify(value) ?? String(value);
  } catch (error) {
    // Nested too deep to be written, or too long for a string.
    if (error instanceof RangeError) return "a value that is too large to show";
    throw error;
  }
}
