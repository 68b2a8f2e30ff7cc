/** The engine of a model's folder in a worker thread: what servers use. */
import type { EngineOptions } from "../engine/create-engine.ts";
import { createWorkerEngine, type WorkerEngine, type WorkerEngineOptions } from "./worker-engine.ts";

/**
 * Loads the model in a thread of its own and answers through it, as `createEngine` would here. A thread that dies of an
 * error or of its memory fails what it was answering with EngineCrashedError and is started anew; a fault in native code
 * ends the whole process all the same.
 *
 * @throws as createEngine, and {EngineCrashedError} when the thread died while loading
 */
export function startEngineWorker(
  options: EngineOptions,
  { onCrash }: Pick<WorkerEngineOptions, "onCrash"> = {},
): Promise<WorkerEngine> {
  const entry = new URL("./engine-entry.ts", import.meta.url);
  return createWorkerEngine({ entry, data: options, ...(onCrash && { onCrash }) });
}
