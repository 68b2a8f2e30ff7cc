import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

const run = promisify(execFile);
const module = new URL("./open-runtime.ts", import.meta.url).href;
const tell = `
  const { openRuntime } = await import(${JSON.stringify(module)});
  const { kind, sharedThreads } = openRuntime();
  console.log(kind, sharedThreads, openRuntime() === openRuntime());
`;

/** What a fresh process prints, with these variables set. */
async function inProcess(variables: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, MYNA_RUNTIME: "", MYNA_THREADS: "", ...variables };
  return run(process.execPath, ["--input-type=module", "--eval", tell], { env });
}

test("the C API is chosen, with as many shared threads as MYNA_THREADS says, in silence", async () => {
  expect(await inProcess({ MYNA_THREADS: "3" })).toEqual({ stdout: "c-api 3 true\n", stderr: "" });
});

test("MYNA_RUNTIME=n-api forces the fallback", async () => {
  expect((await inProcess({ MYNA_RUNTIME: "n-api" })).stdout).toBe("n-api 0 true\n");
});

test("other values of the variables are refused in words", async () => {
  await expect(inProcess({ MYNA_RUNTIME: "gpu" })).rejects.toThrow(
    'MYNA_RUNTIME: found "gpu"; expected "c-api" or "n-api".',
  );
  await expect(inProcess({ MYNA_THREADS: "many" })).rejects.toThrow("expected a whole number from 1 to 1024");
});

test("worker threads share the pool of the process", async () => {
  const source = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(module)}).then(({ openRuntime }) => parentPort.postMessage(openRuntime().kind + openRuntime().sharedThreads));
  `;
  const env = { ...process.env, MYNA_RUNTIME: "", MYNA_THREADS: "2" };
  const answers = [1, 2].map(async () => {
    const worker = new Worker(source, { eval: true, env });
    const answer = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    return answer;
  });
  expect(await Promise.all(answers)).toEqual(["c-api2", "c-api2"]);
});
