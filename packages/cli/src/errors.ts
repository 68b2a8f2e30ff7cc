// Mistakes of the person at the keyboard, and how any error is told to them.

export interface ErrorDetails {
  /** What was being read or done, in the user's vocabulary: an option, a file, a command. */
  where: string;
  found: string;
  expected: string;
  fix: string;
}

/** A wrong command, option or environment: told in one sentence, exit code 2. */
export class UsageError extends Error {
  readonly isUserError = true;
  override readonly name = "UsageError";
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails) {
    super(`${details.where}: found ${details.found}; expected ${details.expected}. To fix: ${details.fix}.`);
    this.details = details;
  }
}

export const exitCodes = { done: 0, internalError: 1, userError: 2, interrupted: 130 } as const;

/** True for errors of any package that the user can cause and correct; each package has its own classes. */
export function isUserError(error: unknown): error is Error {
  return error instanceof Error && "isUserError" in error && error.isUserError === true;
}

/**
 * What to print for an error, and the exit code that goes with it.
 *
 * @param isDebug shows stack traces (MYNA_DEBUG=1)
 */
export function describeError(error: unknown, isDebug: boolean): { text: string; exitCode: number } {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isUserError(error)) return { text: isDebug ? trace : onOneLine(error.message), exitCode: exitCodes.userError };
  const message = error instanceof Error ? error.message : String(error);
  const prefixed = message.startsWith("internal:") ? message : `internal: ${message}`;
  return {
    text: isDebug
      ? `${prefixed}\n${trace}`
      : `${prefixed}\nThis is a fault of Myna, not yours. Run again with MYNA_DEBUG=1 for the trace.`,
    exitCode: exitCodes.internalError,
  };
}

/** What was found may hold line feeds and escape sequences, which a terminal must not obey. */
function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) =>
    character === "\n" ? "\\n" : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
