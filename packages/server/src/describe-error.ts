/** The one function that turns any error into what HTTP says: status, code, and words for people. */
import {
  ContextLengthError,
  EngineBusyError,
  EngineClosedError,
  InferenceError,
  InvalidRequestError,
} from "@myna/inference";
import type { ApiError, ErrorCode, OpenAiError } from "@myna/protocol";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { adviseOnSqlite, isSqliteError } from "./database/sqlite-errors.ts";
import { type ErrorDetails, RequestError, ServerError } from "./errors.ts";

export interface DescribedError {
  readonly status: ContentfulStatusCode;
  readonly code: ErrorCode;
  /** One sentence; nothing of the inside when the fault is ours. */
  readonly message: string;
  readonly details: ErrorDetails;
  readonly retryAfterSeconds: number | undefined;
  /** For the log, and only for faults of ours. */
  readonly trace?: string;
}

export const statusOfCode = {
  invalid_request: 400,
  invalid_json: 400,
  unsupported_media_type: 415,
  body_too_large: 413,
  forbidden_host: 403,
  forbidden_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  context_length_exceeded: 400,
  engine_busy: 429,
  engine_failed: 500,
  timeout: 504,
  shutting_down: 503,
  storage_failed: 500,
  internal: 500,
} as const satisfies Record<ErrorCode, ContentfulStatusCode>;

export function describeError(error: unknown): DescribedError {
  if (error instanceof RequestError) return describe(error.code, error.details, error.retryAfterSeconds);
  if (error instanceof InferenceError) {
    const retryAfterSeconds = error instanceof EngineBusyError ? error.retryAfterSeconds : undefined;
    return describe(codeOfEngineError(error), error.details, retryAfterSeconds);
  }
  if (isSqliteError(error)) {
    const advice = adviseOnSqlite(error);
    if (advice !== undefined) {
      return describe("storage_failed", { where: "the database", expected: "one that can be written", ...advice });
    }
  }
  if (error instanceof ServerError) return describe("internal", error.details);
  // Of its own accord, Hono refuses nothing but bodies that it cannot read.
  if (error instanceof HTTPException && error.status === 400) {
    return describe("invalid_json", {
      where: "the body",
      found: "something that is no JSON",
      expected: "one JSON object",
      fix: "check its quotes, commas and encoding (UTF-8)",
    });
  }
  return {
    ...describe("internal", {
      where: "the server",
      found: "a fault of Myna, not yours",
      expected: "an answer",
      fix: "report it with the request id; the server's log has the rest",
    }),
    trace: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

function describe(code: ErrorCode, details: ErrorDetails, retryAfterSeconds?: number): DescribedError {
  const message = new ServerError(details).message;
  return { status: statusOfCode[code], code, message, details, retryAfterSeconds };
}

function codeOfEngineError(error: InferenceError): ErrorCode {
  if (error instanceof ContextLengthError) return "context_length_exceeded";
  if (error instanceof InvalidRequestError) return "invalid_request";
  if (error instanceof EngineBusyError) return "engine_busy";
  if (error instanceof EngineClosedError) return "shutting_down";
  return "engine_failed";
}

export function toApiError({ code, message, details }: DescribedError, requestId: string): ApiError {
  const { found, expected, fix } = details;
  return { error: { code, message, found, expected, fix, requestId } };
}

/** Under /v1. OpenAI's clients know the code `model_not_found`. */
export function toOpenAiError({ status, code, message, details }: DescribedError): OpenAiError {
  const type = status === 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error";
  const isField = /^[a-z_]+(\.[\w-]+)*$/.test(details.where);
  const isModel = code === "not_found" && details.where === "model";
  return {
    error: {
      message,
      type,
      param: status === 400 || isModel ? (isField ? details.where : null) : null,
      code: isModel ? "model_not_found" : code,
    },
  };
}
