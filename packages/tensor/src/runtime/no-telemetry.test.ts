import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const module = new URL("./open-runtime.ts", import.meta.url).href;
const open = `const { openRuntime } = await import(${JSON.stringify(module)}); openRuntime();`;
const inWorker = `
  const { Worker } = await import("node:worker_threads");
  const worker = new Worker(${JSON.stringify(open)}, { eval: true, execArgv: ["--input-type=module"] });
  await new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject));
`;

test.each([
  ["c-api", "main thread", open],
  ["c-api", "worker thread", inWorker],
  ["n-api", "main thread", open],
  ["n-api", "worker thread", inWorker],
])("the %s runtime in a %s leaves no trace of telemetry", async (runtime, _, source) => {
  const home = mkdtempSync(join(tmpdir(), "myna-telemetry-"));
  try {
    const { ORT_DISABLE_TELEMETRY: _set, CI: _ci, ...environment } = process.env;
    const env = {
      ...environment,
      HOME: home,
      XDG_CACHE_HOME: join(home, "cache"),
      TMPDIR: home,
      MYNA_RUNTIME: runtime,
    };
    await run(process.execPath, ["--input-type=module", "--eval", source], { env });
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
