/** The errors of this package. Each says what was found, what was expected and how to fix it, in text and in fields. */
import type { ErrorCode } from "@myna/protocol";

export interface ErrorDetails {
  /** The field, route, file or option that was refused, in the caller's words: "messages.0.content". */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

/** Base of every error that a caller of this package can cause. Command line and server print the message alone. */
export class ServerError extends Error {
  readonly isUserError = true;
  readonly details: ErrorDetails;

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(`${details.where}: found ${details.found}; expected ${details.expected}. To fix: ${details.fix}.`, options);
    this.name = new.target.name;
    this.details = details;
  }
}

/** The server cannot start: address, data directory, database. */
export class StartError extends ServerError {}

/** A request that is refused; `code` decides the HTTP status. */
export class RequestError extends ServerError {
  readonly code: ErrorCode;
  /** For "engine_busy": when to come back. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(details, options);
    this.code = code;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

export function notFound(what: string, id: string): RequestError {
  return new RequestError("not_found", {
    where: what,
    found: JSON.stringify(id),
    expected: `the id of ${what} of yours`,
    fix: "list them again; it may have been deleted",
  });
}
