/** How many floating-point operations per second this machine does at best: the whole of "share of peak". */

import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { compile, hostTensor, matMul, openRuntime, traceProgram } from "@myna/tensor";
import * as z from "zod";
import { systemErrorCode } from "../errors.ts";
import { replaceFile } from "../files/durable.ts";

export interface PeakOptions {
  /** Threads of a pool of its own; absent: the pool that sessions share. */
  readonly threads?: number;
  /** Size of the matrices: large enough that nothing but arithmetic counts. Default 1024. */
  readonly size?: number;
  /** Time spent measuring. Default 600. */
  readonly milliseconds?: number;
}

const cacheSchema = z.record(z.string(), z.number().positive());

/**
 * Billions of operations per second of a large f32 matrix product through the same runtime as training: the best of
 * many runs, because whatever else the machine does can only slow one down.
 */
export async function measurePeakGflops(options: PeakOptions = {}): Promise<number> {
  const { threads, size = 1024, milliseconds = 600 } = options;
  const spec = { type: "float32", shape: [size, size] } as const;
  const program = traceProgram({ a: spec, b: spec }, ({ a, b }) => ({ product: matMul(a!, b!) }));
  const executable = compile(program, threads === undefined ? {} : { threads });
  const ones = () => hostTensor("float32", [size, size], new Float32Array(size * size).fill(1));
  const binding = executable.bind({ a: ones(), b: ones() }, { product: hostTensor("float32", [size, size]) });
  try {
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + milliseconds;
    do {
      const start = performance.now();
      await binding.runAsync();
      best = Math.min(best, performance.now() - start);
    } while (performance.now() < end);
    return (2 * size ** 3) / best / 1e6;
  } finally {
    binding.release();
    executable.release();
  }
}

/**
 * The peak of this machine with so many threads. Measured every time, because a busy machine shows less than it can; the
 * highest so far is kept in MYNA_HOME/machine.json.
 *
 * @param home absolute path of MYNA_HOME
 */
export async function machinePeakGflops(home: string, options: PeakOptions = {}): Promise<number> {
  const path = join(home, "machine.json");
  const runtime = openRuntime();
  const threads = options.threads ?? runtime.sharedThreads;
  const key = `${cpus()[0]?.model ?? process.arch}, ${threads} threads, ONNX Runtime ${runtime.version} (${runtime.kind})`;
  const cached = readCache(path);
  const known = cached[key] ?? 0;
  const measured = await measurePeakGflops(options);
  if (measured <= known) return known;
  await mkdir(home, { recursive: true });
  replaceFile(path, `${JSON.stringify({ ...cached, [key]: measured }, null, 2)}\n`);
  return measured;
}

/** A missing or damaged cache is an empty one: it is measured again. */
function readCache(path: string): Record<string, number> {
  try {
    const parsed = cacheSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : {};
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) === "ENOENT") return {};
    throw error;
  }
}
