/** Chooses how this process talks to ONNX Runtime, once. */

import { OnnxRuntimeError } from "../errors.ts";
import { defaultThreads, openCApiRuntime } from "./c-api.ts";
import { openNApiRuntime } from "./n-api.ts";
import type { Runtime } from "./runtime.ts";

let opened: Runtime | undefined;

/**
 * The process's runtime: the C API when it loads and passes its check, otherwise N-API with one warning that names the
 * reason. MYNA_RUNTIME=c-api or n-api allows only that one; MYNA_THREADS sets the threads that sessions share (default:
 * one per physical core, as far as can be told).
 *
 * @throws {OnnxRuntimeError} if no allowed runtime works, or a variable holds something else
 */
export function openRuntime(): Runtime {
  opened ??= open();
  return opened;
}

function open(): Runtime {
  const wanted = process.env.MYNA_RUNTIME;
  if (wanted === "n-api") return openNApiRuntime();
  if (wanted === "c-api") return openCApiRuntime(threadsFromEnvironment());
  if (wanted !== undefined && wanted !== "") {
    throw new OnnxRuntimeError({
      where: "MYNA_RUNTIME",
      found: `"${wanted}"`,
      expected: '"c-api" or "n-api"',
      fix: "set one of them, or unset the variable",
    });
  }
  const threads = threadsFromEnvironment();
  try {
    return openCApiRuntime(threads);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(`Falling back to the slower N-API runtime. ${reason}`, "MynaRuntimeWarning");
    return openNApiRuntime();
  }
}

function threadsFromEnvironment(): number {
  const text = process.env.MYNA_THREADS;
  if (text === undefined || text === "") return defaultThreads();
  const threads = Number(text);
  if (Number.isSafeInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new OnnxRuntimeError({
    where: "MYNA_THREADS",
    found: `"${text}"`,
    expected: "a whole number from 1 to 1024",
    fix: "set it to the number of physical cores to use, or unset it",
  });
}
