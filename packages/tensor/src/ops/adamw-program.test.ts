import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { adamwStep } from "../kernels/adamw.ts";
import { WasmArena } from "../kernels/wasm-arena.ts";
import { randomFloats, relativeError } from "../rules/onnx/against-evaluator.ts";
import { openCApiRuntime } from "../runtime/c-api.ts";
import { type HostTensor, hostTensor } from "../runtime/host-tensor.ts";
import { adamwProgram, adamwScalarNames, adamwScalars, squaredNormProgram } from "./adamw-program.ts";

const shapes = { w: [3, 5], b: [5] };

test("three steps in place equal the WebAssembly kernel's to 1e-6", () => {
  const floats = randomFloats(2);
  const executable = compile(adamwProgram(shapes), { runtime: openCApiRuntime(1) });
  const options = { learningRate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, gradientScale: 0.7 };
  const arena = new WasmArena(4096);
  const inputs: Record<string, HostTensor> = {};
  const outputs: Record<string, HostTensor> = {};
  const expected = Object.entries(shapes).map(([name, shape]) => {
    const allocate = () => arena.allocate(shape.reduce((a, b) => a * b, 1));
    const views = { parameter: allocate(), gradient: allocate(), firstMoment: allocate(), secondMoment: allocate() };
    views.parameter.set(floats(shape).data);
    inputs[name] = hostTensor("float32", shape, views.parameter.slice());
    inputs[`gradient.${name}`] = hostTensor("float32", shape, views.gradient);
    inputs[`keep.${name}`] = hostTensor("float32", [], Float32Array.of(1 - options.learningRate * 0.1));
    for (const moment of ["firstMoment", "secondMoment"]) {
      inputs[`${moment}.${name}`] = hostTensor("float32", shape);
      outputs[`next.${moment}.${name}`] = inputs[`${moment}.${name}`]!;
    }
    outputs[`next.${name}`] = inputs[name];
    return { name, shape, ...views };
  });
  for (const name of adamwScalarNames) inputs[name] = hostTensor("float32", []);
  const binding = executable.bind(inputs, outputs);
  for (let step = 1; step <= 3; step++) {
    for (const { shape, gradient } of expected) gradient.set(floats(shape).data);
    for (const [name, value] of Object.entries(adamwScalars({ ...options, step }))) inputs[name]!.data[0] = value;
    binding.run();
    for (const { name, ...views } of expected) {
      adamwStep({ ...options, ...views, weightDecay: 0.1, step });
      expect(relativeError(inputs[name]!.data as Float32Array, views.parameter)).toBeLessThan(1e-6);
      expect(relativeError(inputs[`secondMoment.${name}`]!.data as Float32Array, views.secondMoment)).toBeLessThan(
        1e-6,
      );
    }
  }
  binding.release();
  executable.release();
});

test("squared norms are sums of squares", async () => {
  const executable = compile(squaredNormProgram({ w: [2, 2] }));
  const { "squared.w": squared } = await executable.run({
    "gradient.w": hostTensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4)),
  });
  expect(squared!.data[0]).toBe(30);
  executable.release();
});
