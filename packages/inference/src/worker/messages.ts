/**
 * What the main thread and the engine's worker say to each other. Every answer is a stream with credits: the worker
 * takes an event from the engine only when the reader has asked for one, so a slow reader pauses the model instead of
 * filling memory.
 */
import type { ChatMessage, EngineEvent, GenerationOptions, ModelInfo } from "../engine/chat-engine.ts";
import { errorClasses, InferenceError } from "../errors.ts";

export type RequestBody =
  | { readonly kind: "chat"; readonly messages: readonly ChatMessage[]; readonly options: GenerationOptions }
  | { readonly kind: "complete"; readonly prompt: string; readonly options: GenerationOptions };

export type ToWorker =
  | {
      readonly type: "request";
      readonly id: number;
      readonly body: RequestBody;
      readonly credits: number;
      /** The signal had aborted before the request was made. */
      readonly isAborted: boolean;
    }
  /** The reader has taken so many events and will take as many more. */
  | { readonly type: "credit"; readonly id: number; readonly credits: number }
  /** As an aborted signal: the answer ends with reason "aborted". */
  | { readonly type: "abort"; readonly id: number }
  /** The reader has left; nothing more is to be sent. */
  | { readonly type: "leave"; readonly id: number }
  | { readonly type: "count"; readonly id: number; readonly messages: readonly ChatMessage[] }
  | { readonly type: "close" };

export type FromWorker =
  | { readonly type: "ready"; readonly model: ModelInfo }
  /** The engine could not be made; the worker ends. */
  | { readonly type: "refused"; readonly error: ErrorMessage }
  | { readonly type: "event"; readonly id: number; readonly event: EngineEvent }
  | { readonly type: "done"; readonly id: number }
  | { readonly type: "failed"; readonly id: number; readonly error: ErrorMessage }
  | { readonly type: "counted"; readonly id: number; readonly tokens: number }
  | { readonly type: "closed" };

/** An error as plain data: structured cloning keeps neither its class nor fields of its own. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly isUserError: boolean;
  readonly details?: InferenceError["details"];
  readonly retryAfterSeconds?: number;
}

export function describeError(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) {
    return { name: "Error", message: `internal: ${String(error)} was thrown`, stack: undefined, isUserError: false };
  }
  const { isUserError, details, retryAfterSeconds } = error as Partial<InferenceError> & { retryAfterSeconds?: number };
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    isUserError: isUserError === true,
    ...(details !== undefined && { details: { ...details } }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
}

/** An error of the same class where it is ours; of the same name, text and fields where another package made it. */
export function reviveError(message: ErrorMessage): Error {
  const { name, details, retryAfterSeconds, stack } = message;
  const error = details === undefined ? new Error(message.message) : reviveDetailed(name, details, retryAfterSeconds);
  Object.defineProperty(error, "name", { value: name, configurable: true, enumerable: false });
  if (message.isUserError && !(error instanceof InferenceError)) Object.assign(error, { isUserError: true });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function reviveDetailed(name: string, details: InferenceError["details"], retryAfterSeconds = 1): InferenceError {
  if (name === "EngineBusyError") return new errorClasses.EngineBusyError(details, retryAfterSeconds);
  const { EngineBusyError: _, ...plain } = errorClasses;
  const ErrorClass = Object.hasOwn(plain, name) ? plain[name as keyof typeof plain] : InferenceError;
  return new ErrorClass(details);
}
