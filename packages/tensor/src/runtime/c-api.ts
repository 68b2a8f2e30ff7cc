/** ONNX Runtime through its C API: no copies, runs beside the event loop, and one pool of threads for all sessions. */

import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Pointer } from "./c-api-functions.ts";
import { type CApiEnvironment, CApiPrepackedWeights, CApiSession, fatalOnly } from "./c-api-session.ts";
import { type CApi, openCApi } from "./c-api-values.ts";
import type { PrepackedWeights, Runtime, Session, SessionOptions } from "./runtime.ts";
import { selfCheck } from "./self-check.ts";

/** Two hyper-threads share one core's multipliers, so a matrix product wants physical cores. */
export function defaultThreads(): number {
  const logical = availableParallelism();
  const siblings = "/sys/devices/system/cpu/smt/active";
  const hasSiblings = existsSync(siblings) && readFileSync(siblings, "utf8").trim() === "1";
  // A machine with few logical processors is often a virtual one whose two are worth having both.
  return hasSiblings && logical > 4 ? Math.ceil(logical / 2) : logical;
}

function createSharedEnvironment(api: CApi, threads: number): CApiEnvironment {
  const { functions, check, result } = api;
  const options = result("threads", (out) => functions.CreateThreadingOptions(out));
  try {
    check("threads", functions.SetGlobalIntraOpNumThreads(options, threads));
    check("threads", functions.SetGlobalInterOpNumThreads(options, 1));
    check("threads", functions.SetGlobalSpinControl(options, 1));
    const pointer: Pointer = result("environment", (out) =>
      functions.CreateEnvWithGlobalThreadPools(fatalOnly, "myna", options, out),
    );
    check("telemetry", functions.DisableTelemetryEvents(pointer));
    return { pointer, sharedThreads: threads };
  } finally {
    functions.ReleaseThreadingOptions(options);
  }
}

class CApiRuntime implements Runtime {
  readonly kind = "c-api";
  readonly version: string;
  readonly #api: CApi;
  readonly #environment: CApiEnvironment;

  constructor(api: CApi, environment: CApiEnvironment) {
    this.#api = api;
    this.#environment = environment;
    this.version = api.version;
  }

  get sharedThreads(): number {
    return this.#environment.sharedThreads;
  }

  createSession(model: Uint8Array, options: SessionOptions = {}): Session {
    return new CApiSession(this.#api, this.#environment, model, options);
  }

  createPrepackedWeights(): PrepackedWeights {
    return new CApiPrepackedWeights(this.#api);
  }
}

/**
 * Loads the library and proves it.
 *
 * @param threads size of the pool that sessions share; 0: no pool, each session brings its own
 * @throws {OnnxRuntimeError} if the library cannot be loaded, has another version, or fails the self-check
 */
export function openCApiRuntime(threads = defaultThreads()): Runtime {
  const api = openCApi();
  if (threads > 0) {
    // The environment is one per process: whoever made it first (onnxruntime-node's own binding, say) decided whether it
    // has a pool, and then this check cannot create its session.
    const shared = new CApiRuntime(api, createSharedEnvironment(api, threads));
    try {
      selfCheck(shared);
      return shared;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes("CreateEnvWithGlobalThreadPools")) throw error;
    }
  }
  const pointer = api.result("environment", (out) => api.functions.CreateEnv(fatalOnly, "myna", out));
  api.check("telemetry", api.functions.DisableTelemetryEvents(pointer));
  const runtime = new CApiRuntime(api, { pointer, sharedThreads: 0 });
  selfCheck(runtime);
  return runtime;
}
