/** Errors as OpenAI's clients read them, on every route under /v1. */
import * as z from "zod";

export const openAiErrorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.enum(["invalid_request_error", "rate_limit_error", "server_error"]),
      /** Path of the wrong field: "messages.0.content". */
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .meta({ id: "OpenAiError" });
export type OpenAiError = z.infer<typeof openAiErrorSchema>;
