/** The one form of every error of our own API (under /api). OpenAI's form is in openai-error.ts. */
import * as z from "zod";

/** Stable names that programs may compare; the texts beside them are for people and may change. */
export const errorCodes = [
  "invalid_request",
  "invalid_json",
  "unsupported_media_type",
  "body_too_large",
  "forbidden_host",
  "forbidden_origin",
  "not_found",
  "method_not_allowed",
  "conflict",
  "context_length_exceeded",
  "engine_busy",
  "engine_failed",
  "timeout",
  "shutting_down",
  "storage_failed",
  "internal",
] as const;

export const errorCodeSchema = z.enum(errorCodes).meta({ id: "ErrorCode" });
export type ErrorCode = z.infer<typeof errorCodeSchema>;

export const apiErrorSchema = z
  .object({
    error: z.object({
      code: errorCodeSchema,
      /** One sentence with everything below, ready to be shown. */
      message: z.string(),
      found: z.string(),
      expected: z.string(),
      fix: z.string(),
      /** Also in the header x-request-id and in the server's log. */
      requestId: z.string(),
    }),
  })
  .meta({ id: "ApiError" });

export type ApiError = z.infer<typeof apiErrorSchema>;
