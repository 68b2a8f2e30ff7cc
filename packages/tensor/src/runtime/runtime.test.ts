import { describe, expect, test } from "vitest";
import { OnnxRuntimeError, ShapeError } from "../errors.ts";
import { encodeModel, type OnnxModel } from "../onnx/encode.ts";
import { addOne, floats, project } from "../testing/small-models.ts";
import { openCApiRuntime } from "./c-api.ts";
import { hostTensor } from "./host-tensor.ts";
import { openNApiRuntime } from "./n-api.ts";
import type { Runtime } from "./runtime.ts";

// The C API first: whoever comes first decides whether the process has a shared pool of threads.
const runtimes: Runtime[] = [openCApiRuntime(), openNApiRuntime()];

describe.each(runtimes.map((runtime) => [runtime.kind, runtime] as const))("the %s runtime", (kind, runtime) => {
  const open = (model: OnnxModel, options = {}) => runtime.createSession(encodeModel(model), options);

  test("runs an encoded model over bound buffers, again and again", () => {
    const session = open(addOne);
    const [x, y] = [floats([2, 1], 1, 2), floats([2, 1])];
    const binding = session.bind({ x }, { y });
    binding.run();
    expect([...y.data]).toEqual([2, 3]);
    x.data.set([10, 20]);
    binding.run();
    expect([...y.data]).toEqual([11, 21]);
    binding.release();
    session.release();
  });

  test("tells names, types and shapes, with named sizes by name", () => {
    const session = open(addOne);
    expect([session.inputs, session.outputs]).toEqual([addOne.inputs, addOne.outputs]);
    expect([session.inputNames, session.outputNames]).toEqual([["x"], ["y"]]);
    session.release();
  });

  test("one tensor may be input and output", () => {
    const session = open(addOne);
    const state = floats([2, 1], 0, 5);
    const binding = session.bind({ x: state }, { y: state });
    for (let round = 0; round < 3; round++) binding.run();
    expect([...state.data]).toEqual([3, 8]);
    binding.release();
    session.release();
  });

  test("buffers can be exchanged between runs, and sizes change along a named axis", async () => {
    const session = open(addOne);
    const binding = session.bind({ x: floats([2, 1]) }, { y: floats([2, 1]) });
    const y = floats([2, 3]);
    binding.setInput("x", floats([2, 3], 1, 2, 3, 4, 5, 6));
    binding.setOutput("y", y);
    await binding.runAsync();
    expect([...y.data]).toEqual([2, 3, 4, 5, 6, 7]);
    binding.release();
    session.release();
  });

  test("every element type goes through, scalars too", () => {
    const types = ["float32", "float16", "float64", "int64", "int32", "int8", "uint8", "bool"] as const;
    const values = types.map((type) => ({ name: type, type, shape: type === "int64" ? [] : [2] }));
    const session = open({
      name: "types",
      nodes: types.map((type) => ({ opType: "Identity", inputs: [type], outputs: [`${type} out`] })),
      inputs: values,
      outputs: values.map((value) => ({ ...value, name: `${value.name} out` })),
    });
    const inputs = Object.fromEntries(values.map(({ name, type, shape }) => [name, hostTensor(type, shape)]));
    const outputs = Object.fromEntries(values.map(({ name, type, shape }) => [`${name} out`, hostTensor(type, shape)]));
    for (const tensor of Object.values(inputs)) new Uint8Array(tensor.data.buffer).fill(1);
    session.bind(inputs, outputs).run();
    for (const type of types) expect(outputs[`${type} out`]!.data, type).toEqual(inputs[type]!.data);
    session.release();
  });

  test("attributes of every kind reach the operator", () => {
    const x = { name: "x", type: "float32", shape: [2, 2] } as const;
    const branch = (name: string, opType: string) => ({
      graph: {
        name,
        nodes: [{ opType, inputs: ["t"], outputs: [name] }],
        inputs: [],
        outputs: [{ name, type: "float32", shape: [2, 2] }] as const,
      },
    });
    const value = { name: "", type: "float32", shape: [1], data: Float32Array.of(4) } as const;
    const session = open({
      name: "attributes",
      nodes: [
        { opType: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: { ints: [1, 0] } } },
        {
          opType: "Constant",
          inputs: [],
          outputs: ["yes"],
          attributes: { value: { tensor: { name: "", type: "bool", shape: [], data: Uint8Array.of(1) } } },
        },
        {
          opType: "If",
          inputs: ["yes"],
          outputs: ["neg"],
          attributes: { then_branch: branch("a", "Neg"), else_branch: branch("b", "Abs") },
        },
        { opType: "LeakyRelu", inputs: ["neg"], outputs: ["leaky"], attributes: { alpha: { float: 0.5 } } },
        { opType: "Softmax", inputs: ["leaky"], outputs: ["soft"], attributes: { axis: { int: -1 } } },
        { opType: "Constant", inputs: [], outputs: ["floats"], attributes: { value_floats: { floats: [8, 16] } } },
        { opType: "Constant", inputs: [], outputs: ["four"], attributes: { value: { tensor: value } } },
        {
          opType: "Einsum",
          inputs: ["soft", "floats"],
          outputs: ["sum"],
          attributes: { equation: { string: "ij,j->i" } },
        },
        { opType: "Add", inputs: ["sum", "four"], outputs: ["y"] },
      ],
      inputs: [x],
      outputs: [{ name: "y", type: "float32", shape: [2] }],
    });
    const y = floats([2]);
    session.bind({ x: floats([2, 2], 0, 0, 0, 0) }, { y }).run();
    expect([...y.data]).toEqual([16, 16]); // softmax of zeros: half of 8 and half of 16, plus 4
    session.release();
  });

  test("two sessions see the same weights", () => {
    const weights = floats([2, 2], 1, 2, 3, 4);
    const prepacked = runtime.createPrepackedWeights();
    const x = floats([1, 2], 1, 10);
    for (let index = 0; index < 2; index++) {
      const session = open(project, { initializers: { weights }, prepacked });
      const y = floats([1, 2]);
      session.bind({ x }, { y }).run();
      expect([...y.data]).toEqual([31, 42]);
      session.release();
    }
    prepacked.release();
  });

  test("wrong names, types, shapes and missing inputs are named before anything breaks", () => {
    const session = open(addOne);
    const y = floats([2, 1]);
    const binding = session.bind({ x: floats([2, 1], 1, 2) }, { y });
    expect(() => binding.setInput("z", y)).toThrow('input "z": found no such name in the model; expected one of "x".');
    expect(() => binding.setOutput("z", y)).toThrow(ShapeError);
    expect(() => binding.setInput("x", floats([3, 1]))).toThrow("found float32 [3, 1]; expected float32 [2, n]");
    expect(() => binding.setInput("x", hostTensor("int64", [2, 1]))).toThrow("found int64 [2, 1]");
    expect(() => session.bind({}, { y })).toThrow('found no tensor for "x"');
    binding.run();
    expect([...y.data]).toEqual([2, 3]);
    session.release();
  });

  test("an output of another size than the inputs give fails in words, and the binding recovers", () => {
    const session = open(addOne);
    const binding = session.bind({ x: floats([2, 2], 1, 2, 3, 4) }, { y: floats([2, 3]) });
    expect(() => binding.run()).toThrow(OnnxRuntimeError);
    const y = floats([2, 2]);
    binding.setOutput("y", y);
    binding.run();
    expect([...y.data]).toEqual([2, 3, 4, 5]);
    session.release();
  });

  test("a model that makes no sense is refused in words", () => {
    expect(() => open({ ...addOne, nodes: [{ opType: "Ad", inputs: ["x"], outputs: ["y"] }] })).toThrow(
      /^model: .*Ad/s,
    );
  });

  test("a detached buffer is refused instead of read", () => {
    const session = open(addOne);
    const x = floats([2, 1]);
    const binding = session.bind({ x }, { y: floats([2, 1]) });
    structuredClone(x.data.buffer, { transfer: [x.data.buffer] });
    expect(() => binding.run()).toThrow("found a tensor whose buffer is detached");
    session.release();
  });

  test("bindings outlive their session, and nothing is usable after its own release", () => {
    const session = open(addOne);
    const y = floats([2, 1]);
    const binding = session.bind({ x: floats([2, 1]) }, { y });
    session.release();
    session.release();
    binding.run();
    expect([...y.data]).toEqual([1, 1]);
    expect(() => session.bind({ x: y }, {})).toThrow("session: found a use after release()");
    binding.release();
    expect(() => binding.run()).toThrow("binding: found a use after release()");
  });

  test("an aborted signal rejects with an AbortError before the run", async () => {
    const session = open(addOne);
    const binding = session.bind({ x: floats([2, 1]) }, { y: floats([2, 1]) });
    await expect(binding.runAsync({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    await binding.runAsync();
    session.release();
  });

  test("own threads, every spinning, the arena and optimisation change no result", () => {
    for (const spinning of ["on", "between-runs-off", "off"] as const) {
      const session = open(addOne, { threads: 2, spinning, arena: false, optimise: "all", denormalsAsZero: true });
      const y = floats([2, 1]);
      session.bind({ x: floats([2, 1], 7, 8) }, { y }).run();
      expect([...y.data]).toEqual([8, 9]);
      session.release();
    }
  });

  test("memory stays flat over thousands of runs and hundreds of sessions", () => {
    const once = (runs: number): void => {
      const session = open(addOne);
      const binding = session.bind({ x: floats([2, 1]) }, { y: floats([2, 1]) });
      for (let run = 0; run < runs; run++) binding.run();
      binding.release();
      session.release();
    };
    for (let warmUp = 0; warmUp < 60; warmUp++) once(20);
    const before = process.memoryUsage.rss();
    once(4000);
    for (let session = 0; session < 150; session++) once(1);
    expect(process.memoryUsage.rss() - before).toBeLessThan(kind === "c-api" ? 12e6 : 40e6);
  });
});
