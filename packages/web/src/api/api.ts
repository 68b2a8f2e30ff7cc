// One way to call our server: JSON in, JSON out, and every failure the same kind of error.

import type { ApiError, ErrorCode } from "@myna/protocol";

/** "unreachable": no answer came at all. */
export type FailureCode = ErrorCode | "unreachable";

export class ApiFailure extends Error {
  readonly code: FailureCode;
  /** Undefined when no answer came. */
  readonly status: number | undefined;

  constructor(code: FailureCode, message: string, status?: number) {
    super(message);
    this.name = "ApiFailure";
    this.code = code;
    this.status = status;
  }

  /** True when the same request may succeed later without any change. */
  get mayPass(): boolean {
    return this.code === "unreachable" || this.code === "engine_busy" || (this.status ?? 0) >= 500;
  }
}

interface Call {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Lets the request outlive the page. */
  keepalive?: boolean;
}

/** @throws {ApiFailure} for no answer, or one that is not 2xx */
export async function request(path: string, { method = "GET", body, headers, signal, keepalive }: Call = {}) {
  const response = await fetch(path, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    ...(keepalive === undefined ? {} : { keepalive }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiFailure("unreachable", error instanceof Error ? error.message : String(error));
  });
  if (!response.ok) throw await readFailure(response);
  return response;
}

export async function requestJson<Answer>(path: string, call?: Call): Promise<Answer> {
  return (await (await request(path, call)).json()) as Answer;
}

async function readFailure(response: Response): Promise<ApiFailure> {
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = (body ?? {}) as Partial<ApiError>;
  return new ApiFailure(
    error?.code ?? "internal",
    error?.message ?? `${response.status} ${response.statusText}`,
    response.status,
  );
}
