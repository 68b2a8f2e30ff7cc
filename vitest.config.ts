import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    // A worker that loads ONNX Runtime through the C API must be a process: a crash then names one file.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
