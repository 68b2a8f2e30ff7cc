/** A few milliseconds at start-up that prove a runtime works, so that a wrong one is replaced and not crashed into. */

import { OnnxRuntimeError } from "../errors.ts";
import { encodeModel } from "../onnx/encode.ts";
import { hostTensor } from "./host-tensor.ts";
import type { Runtime } from "./runtime.ts";

/** scaled = (x + offset) * 2, with a named axis and an initialiser kept outside the model. */
const model = (): Uint8Array =>
  encodeModel({
    name: "self-check",
    nodes: [
      { opType: "Add", inputs: ["x", "offset"], outputs: ["sum"] },
      { opType: "Mul", inputs: ["sum", "two"], outputs: ["scaled"] },
    ],
    inputs: [{ name: "x", type: "float32", shape: ["batch", 2] }],
    outputs: [{ name: "scaled", type: "float32", shape: ["batch", 2] }],
    initializers: [
      { name: "offset", type: "float32", shape: [2], external: true },
      { name: "two", type: "float32", shape: [], data: Float32Array.of(2) },
    ],
  });

/** @throws {OnnxRuntimeError} if anything differs from what the model must give */
export function selfCheck(runtime: Runtime): void {
  const offset = hostTensor("float32", [2], Float32Array.of(1, -1));
  const prepacked = runtime.createPrepackedWeights();
  const session = runtime.createSession(model(), { initializers: { offset }, prepacked });
  const x = hostTensor("float32", [1, 2], Float32Array.of(3, 4));
  const scaled = hostTensor("float32", [1, 2]);
  const binding = session.bind({ x }, { scaled });
  binding.run();
  binding.release();
  session.release();
  prepacked.release();
  const [input] = session.inputs;
  const found = `${input?.name} ${input?.type} [${input?.shape}] -> ${session.outputNames} [${scaled.data}]`;
  const expected = "x float32 [batch,2] -> scaled [8,6]";
  if (found === expected) return;
  throw new OnnxRuntimeError({
    where: `ONNX Runtime ${runtime.version} self-check`,
    found,
    expected,
    fix: "reinstall with `npm ci`; if it stays, report the platform and set MYNA_RUNTIME=n-api",
  });
}
