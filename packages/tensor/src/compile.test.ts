import { describe, expect, test, vi } from "vitest";
import { type CompileOptions, compile } from "./compile.ts";
import { symbolicLength } from "./ir/symbolic-length.ts";
import { attention, rotaryEmbedding } from "./ops/attention.ts";
import { broadcastTo, reshape } from "./ops/axes.ts";
import { scalar } from "./ops/constants.ts";
import { add, multiply, swiGlu } from "./ops/elementwise.ts";
import { mergeHeads, splitHeads } from "./ops/heads.ts";
import { embedding } from "./ops/indexing.ts";
import { linear } from "./ops/linear-algebra.ts";
import { linearCrossEntropy, meanOverTargets } from "./ops/losses.ts";
import { documentBias } from "./ops/masks.ts";
import { rmsNorm, softmax } from "./ops/normalisation.ts";
import { eliminateCommonSubexpressions } from "./passes/eliminate-common-subexpressions.ts";
import { withGradients } from "./passes/gradient.ts";
import { ProgramCache } from "./program-cache.ts";
import { errorAgainstEvaluator, integers, randomFloats } from "./rules/onnx/against-evaluator.ts";
import { openCApiRuntime } from "./runtime/c-api.ts";
import { hostTensor } from "./runtime/host-tensor.ts";
import { openNApiRuntime } from "./runtime/n-api.ts";
import type { Runtime } from "./runtime/runtime.ts";
import type { Tensor } from "./trace/tensor.ts";
import { type TensorRecord, traceProgram } from "./trace/trace-program.ts";

const runtime = openCApiRuntime(1);
const float = (...shape: number[]) => ({ type: "float32", shape }) as const;
const floats = randomFloats(11);

const double = () =>
  traceProgram({ x: float(symbolicLength("n")), w: float(1) }, ({ x, w }) => ({ y: multiply(x!, w!) }));

describe("compile", () => {
  test("weights are read where they lie and are not inputs", async () => {
    const w = hostTensor("float32", [1], Float32Array.of(2));
    const options: CompileOptions = { runtime, weights: { w, unknown: w } };
    const executable = compile(double(), options);
    expect([...executable.inputs.keys()]).toEqual(["x"]);
    expect(executable.inputs.get("x")!.shape).toEqual(["n"]);
    const { y } = await executable.run({ x: hostTensor("float32", [3], Float32Array.of(1, 2, 3)) });
    expect([...y!.data]).toEqual([2, 4, 6]);
    executable.release();
  });

  test("with prepacking disabled, edits of weights in place are seen", async () => {
    const w = hostTensor("float32", [1], Float32Array.of(2));
    const executable = compile(double(), { runtime, weights: { w }, disablePrepacking: true });
    w.data[0] = 5;
    const { y } = await executable.run({ x: hostTensor("float32", [1], Float32Array.of(1)) });
    expect(y!.data[0]).toBe(5);
    executable.release();
  });

  test("a weight of another shape is refused", () => {
    expect(() => compile(double(), { runtime, weights: { w: hostTensor("float32", [2]) } })).toThrow(
      'weight "w": found float32 [2]; expected float32 [1]. To fix: pass a tensor of the type and shape that the program was traced with.',
    );
  });

  test("outputs of symbolic length need their sizes", () => {
    const executable = compile(double(), { runtime });
    expect(() => executable.allocateOutputs()).toThrow('output "y": found no size for n');
    expect(executable.allocateOutputs({ n: 4 }).y!.shape).toEqual([4]);
    executable.release();
  });

  test("outputs may be inputs, constants and each other", async () => {
    const program = traceProgram({ x: float(2) }, ({ x }) => {
      const y = add(x!, x!);
      return { same: x!, one: scalar(1), y, again: y };
    });
    const executable = compile(program, { runtime });
    const { same, one, again } = await executable.run({ x: hostTensor("float32", [2], Float32Array.of(1, 2)) });
    expect([[...same!.data], [...one!.data], [...again!.data]]).toEqual([[1, 2], [1], [2, 4]]);
    executable.release();
  });

  test("MYNA_PRINT_PROGRAM=1 prints the program after each pass", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    vi.stubEnv("MYNA_PRINT_PROGRAM", "1");
    compile(double(), { runtime }).release();
    const printed = write.mock.calls.map(([text]) => String(text)).join("");
    write.mockRestore();
    vi.unstubAllEnvs();
    expect(printed).toContain("--- traced\ninputs x: f32[n], w: f32[1]\n  %0: f32[n] = multiply(x, w)\noutputs y: %0");
    expect(printed).toContain("--- eliminate-dead-code");
  });
});

test.each([1, 5])("reshapes, stretches and causal attention follow lengths known at run time: %i", async (time) => {
  const [b, t] = [symbolicLength("b"), symbolicLength("t")];
  const specs = { x: float(b, t, 8), scale: float(t), w: float(4, 8) };
  const program = traceProgram(specs, ({ x, scale, w }) => {
    const query = splitHeads(x!, 4); // [b, 4, t, 2]
    const key = splitHeads(linear(x!, w!), 2); // [b, 2, t, 2]
    return {
      attended: mergeHeads(attention(query, key, key, { causal: true })),
      folded: reshape(softmax(x!), [b, t, 2, 4]),
      moved: reshape(query, [4, t, b, 2]),
      stretched: broadcastTo(scale!, [b, 3, t]),
    };
  });
  const inputs = { x: floats([2, time, 8]), scale: floats([time]), w: floats([4, 8]) };
  expect(await errorAgainstEvaluator(program, inputs, { runtime })).toBeLessThan(1e-5);
});

/** Two layers in the manner of Qwen3, over packed documents, with a tied head. */
function transformerLoss({ ids, documents, targets, positions, cosines, sines, ...p }: TensorRecord): Tensor {
  let x = embedding(p.embedding!, ids!);
  for (const layer of [0, 1]) {
    const w = (name: string) => p[`${layer}.${name}`]!;
    const h = rmsNorm(x, w("norm1"), 1e-6);
    const turn = (y: Tensor) => rotaryEmbedding(rmsNorm(y, w("headNorm"), 1e-6), positions!, cosines!, sines!);
    const [q, k] = [turn(splitHeads(linear(h, w("q")), 4)), turn(splitHeads(linear(h, w("k")), 2))];
    const options = { causal: true, chunk: 4, bias: documentBias(documents!) };
    const attended = attention(q, k, splitHeads(linear(h, w("v")), 2), options);
    x = linear(mergeHeads(attended), w("o"), { residual: x });
    const h2 = rmsNorm(x, w("norm2"), 1e-6);
    x = linear(swiGlu(linear(h2, w("gate")), linear(h2, w("up"))), w("down"), { residual: x });
  }
  const losses = linearCrossEntropy(reshape(x, [-1, 16]), p.embedding!, targets!, { chunk: 5, zLoss: 0.01 });
  return meanOverTargets(losses, targets!);
}

const layerShapes = {
  norm1: [16],
  norm2: [16],
  headNorm: [4],
  q: [16, 16],
  k: [8, 16],
  v: [8, 16],
  o: [16, 16],
  gate: [24, 16],
  up: [24, 16],
  down: [16, 24],
};

describe.each([runtime, openNApiRuntime()])("a whole transformer through $kind", (each: Runtime) => {
  test.each(["keep", "recompute"] as const)(
    "gives the evaluator's loss and gradients, attention probabilities: %s",
    async (attentionProbabilities) => {
      const parameters: Record<string, number[]> = { embedding: [20, 16] };
      for (const layer of [0, 1]) {
        for (const [name, shape] of Object.entries(layerShapes)) parameters[`${layer}.${name}`] = shape;
      }
      const data = {
        ids: integers([2, 6], [1, 2, 3, 4, 5, 6, 7, 1, 1, 19, 0, 2]),
        documents: integers([2, 6], [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]),
        positions: integers([2, 6], [0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5]),
        targets: integers([12], [2, 3, -100, 5, 6, -100, 1, 1, 19, 0, 2, 3]),
        cosines: floats([6, 2]),
        sines: floats([6, 2]),
        ...Object.fromEntries(Object.entries(parameters).map(([name, shape]) => [name, floats(shape, -0.5, 0.5)])),
      };
      const forward = traceProgram(data, (inputs) => ({ loss: transformerLoss(inputs) }));
      const names = Object.keys(parameters);
      const gradients = { of: "loss", to: names, attentionProbabilities };
      const program = withGradients(eliminateCommonSubexpressions(forward), gradients);
      expect(await errorAgainstEvaluator(program, data, { runtime: each })).toBeLessThan(1e-5);
    },
  );
});

test("the second use of a program makes no session, by key and by text", () => {
  const createSession = vi.fn(runtime.createSession.bind(runtime));
  const counting: Runtime = Object.assign(Object.create(runtime), { createSession });
  const cache = new ProgramCache({ runtime: counting });
  const first = cache.get("double", double);
  expect(cache.get("double", () => expect.fail("traced again"))).toBe(first);
  expect(createSession).toHaveBeenCalledTimes(1);
  expect(cache.getTraced(double())).toBe(cache.getTraced(double()));
  expect(createSession).toHaveBeenCalledTimes(2);
  cache.release();
  expect(cache.size).toBe(0);
});
