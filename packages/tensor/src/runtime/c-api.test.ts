import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { encodeModel } from "../onnx/encode.ts";
import { addOne, busyModel, floats, project } from "../testing/small-models.ts";
import { openCApiRuntime } from "./c-api.ts";
import { hostTensor } from "./host-tensor.ts";

describe("the C API alone", () => {
  const runtime = openCApiRuntime();

  test("shares one pool of threads", () => {
    expect(runtime.sharedThreads).toBeGreaterThan(0);
  });

  const bindBusy = (size: number, products: number) => {
    const session = runtime.createSession(encodeModel(busyModel(size, products)));
    return { session, bind: () => session.bind({ x: floats([size, size]) }, { y: floats([size, size]) }) };
  };

  test("runs beside the event loop", async () => {
    const { session, bind } = bindBusy(512, 100);
    const binding = bind();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await binding.runAsync();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
    binding.release();
    session.release();
  });

  test("refuses to be used or released during a run", async () => {
    const { session, bind } = bindBusy(512, 100);
    const binding = bind();
    const running = binding.runAsync();
    expect(() => binding.run()).toThrow("found run() while a run is under way");
    await expect(binding.runAsync()).rejects.toThrow("found runAsync() while a run is under way");
    expect(() => binding.setInput("x", floats([512, 512]))).toThrow("setInput() while a run is under way");
    expect(() => binding.release()).toThrow("release() while a run is under way");
    expect(() => session.release()).toThrow("release() while a run is under way");
    await running;
    binding.release();
    session.release();
  });

  test("an abort ends a run in the middle; the next one is whole, and other bindings never notice", async () => {
    const { session, bind } = bindBusy(256, 400);
    const [binding, neighbour] = [bind(), bind()];
    const start = performance.now();
    await binding.runAsync();
    const wholeMs = performance.now() - start;
    const beside = neighbour.runAsync();
    const abortAt = performance.now();
    await expect(binding.runAsync({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ name: "AbortError" });
    expect(performance.now() - abortAt).toBeLessThan(Math.max(wholeMs * 0.8, 40));
    await beside;
    await binding.runAsync();
    session.release();
  });

  test("disablePrepacking lets edits of the weights be seen", () => {
    const weights = floats([2, 2], 1, 0, 0, 1);
    const session = runtime.createSession(encodeModel(project), { initializers: { weights }, disablePrepacking: true });
    const y = floats([1, 2]);
    const binding = session.bind({ x: floats([1, 2], 5, 6) }, { y });
    binding.run();
    expect([...y.data]).toEqual([5, 6]);
    weights.data.set([0, 2, 2, 0]);
    binding.run();
    expect([...y.data]).toEqual([12, 10]);
    session.release();
  });

  test("works on views of a WebAssembly memory", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const state = hostTensor("float32", [2, 1], new Float32Array(memory.buffer as ArrayBuffer, 256, 2));
    const session = runtime.createSession(encodeModel(addOne));
    const binding = session.bind({ x: state }, { y: state });
    binding.run();
    expect([...new Float32Array(memory.buffer, 256, 2)]).toEqual([1, 1]);
    memory.grow(1);
    expect(() => binding.run()).toThrow("detached");
    session.release();
  });

  test("bfloat16 passes", () => {
    const value = { type: "bfloat16", shape: [2] } as const;
    const session = runtime.createSession(
      encodeModel({
        name: "cast",
        nodes: [{ opType: "Cast", inputs: ["x"], outputs: ["y"], attributes: { to: { int: 1 } } }],
        inputs: [{ name: "x", ...value }],
        outputs: [{ name: "y", type: "float32", shape: [2] }],
      }),
    );
    const y = floats([2]);
    session.bind({ x: hostTensor("bfloat16", [2], Uint16Array.of(0x3f80, 0xc000)) }, { y }).run();
    expect([...y.data]).toEqual([1, -2]);
    session.release();
  });

  test("a profile is written where its prefix says", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "八哥 profile "));
    const session = runtime.createSession(encodeModel(addOne), { profilePrefix: path.join(folder, "trace") });
    session.bind({ x: floats([2, 1]) }, { y: floats([2, 1]) }).run();
    const file = session.endProfiling();
    expect(file.startsWith(path.join(folder, "trace"))).toBe(true);
    expect(existsSync(file)).toBe(true);
    session.release();
    rmSync(folder, { recursive: true });
  });
});
