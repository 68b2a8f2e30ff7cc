// Failures in the language of the page. The server's own sentence, which is English, is shown where it says more than we can.

import type { TextKey } from "../i18n/catalogue.ts";
import type { Translate } from "../i18n/i18n.ts";
import { ApiFailure, type FailureCode } from "./api.ts";

const texts: Partial<Record<FailureCode, TextKey>> = {
  unreachable: "failure.unreachable",
  context_length_exceeded: "failure.context",
  engine_busy: "failure.busy",
  engine_failed: "failure.engine",
  timeout: "failure.timeout",
  shutting_down: "failure.closing",
  storage_failed: "failure.storage",
  body_too_large: "failure.tooLarge",
  not_found: "failure.notFound",
  internal: "failure.internal",
};

export function failureText(text: Translate, failure: { code: FailureCode; message: string }): string {
  const key = texts[failure.code];
  return key === undefined ? failure.message : text(key);
}

/** For a caught value: what our server refused, or a fault of the page itself. */
export function errorText(text: Translate, error: unknown): string {
  if (error instanceof ApiFailure) return failureText(text, error);
  return error instanceof Error ? error.message : String(error);
}
