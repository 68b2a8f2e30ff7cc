/**
 * Keeps ONNX Runtime from reporting to its makers. Since 1.29 its builds for Linux and macOS send events about sessions,
 * models and processors to Microsoft and keep a database in the user's cache folder, unless this variable is set before
 * the library is loaded. What runs on your machine is nobody else's business.
 */

import { createRequire } from "node:module";

const variable = "ORT_DISABLE_TELEMETRY";

/**
 * Sets the variable in the process's own environment. In a worker thread `process.env` is a copy that native code never
 * sees, so the C library is asked to set it as well.
 */
export function disableTelemetry(): void {
  process.env[variable] = "1";
  try {
    setInProcess();
  } catch (error) {
    // Without koffi there is no C API either; the fallback then relies on the line above.
    if (!(error instanceof Error)) throw error;
    process.emitWarning(`ONNX Runtime's telemetry may be on in worker threads: ${error.message}`, "MynaRuntimeWarning");
  }
}

function setInProcess(): void {
  // Loaded here and not above, so that a platform without koffi still has the fallback.
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi").default;
  if (process.platform === "win32") {
    const set = koffi.load("ucrtbase.dll").func("int _putenv_s(const char *name, const char *value)");
    set(variable, "1");
    return;
  }
  // The symbols of the running program, its C library among them.
  const set = koffi.load(null).func("int setenv(const char *name, const char *value, int overwrite)");
  set(variable, "1", 1);
}
