// Whether the tensor engine runs here, which way, and how fast it multiplies.

import type { Finding } from "./health-checks.ts";

export async function describeRuntime(): Promise<Finding> {
  const { openRuntime } = await import("@myna/tensor");
  const { measurePeakGflops } = await import("@myna/training");
  const runtime = openRuntime();
  const gflops = Math.round(await measurePeakGflops({ milliseconds: 300 }));
  const threads = runtime.sharedThreads > 0 ? `, ${runtime.sharedThreads} threads` : "";
  const text = `ONNX Runtime ${runtime.version} through its ${runtime.kind === "c-api" ? "C API" : "N-API binding"}${threads}, ${gflops} GFLOPS in matrix products`;
  if (runtime.kind === "c-api") return { level: "good", name: "Tensor engine", text };
  return {
    level: "remark",
    name: "Tensor engine",
    text,
    fix: "the fast way did not load; MYNA_RUNTIME=c-api myna doctor shows why. Answers stream several times slower this way",
  };
}
