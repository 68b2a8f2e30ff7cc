import { describe, expect, test } from "vitest";
import { compile } from "../compile.ts";
import type { Program } from "../ir/program.ts";
import { symbolicLength } from "../ir/symbolic-length.ts";
import { evaluateProgram } from "../rules/evaluate/evaluate-program.ts";
import { randomFloats, relativeError } from "../rules/onnx/against-evaluator.ts";
import { openCApiRuntime } from "../runtime/c-api.ts";
import { type HostTensor, hostTensor } from "../runtime/host-tensor.ts";
import { openNApiRuntime } from "../runtime/n-api.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { attention, rotaryEmbedding } from "./attention.ts";
import { cachedAttention } from "./cached-attention.ts";
import { mergeHeads, splitHeads } from "./heads.ts";

const [heads, kvHeads, headDim, maximumTime] = [4, 2, 16, 12];
type Positions = "none" | "halves" | "interleaved";

function angles(): Record<"cosines" | "sines", HostTensor<"float32">> {
  const half = headDim / 2;
  const table = (of: (angle: number) => number) =>
    hostTensor(
      "float32",
      [maximumTime, half],
      Float32Array.from({ length: maximumTime * half }, (_, i) => of(Math.floor(i / half) / 50 ** ((i % half) / half))),
    );
  return { cosines: table(Math.cos), sines: table(Math.sin) };
}

const cacheShape = (batch: number) => [batch, kvHeads, maximumTime, headDim];
const float = (shape: readonly number[]) => ({ type: "float32", shape }) as const;

function cachedProgram(positions: Positions, headDim = 16): Program {
  const [batch, time] = [symbolicLength("batch"), symbolicLength("time")];
  const specs = {
    q: float([batch, time, heads * headDim]),
    k: float([batch, time, kvHeads * headDim]),
    v: float([batch, time, kvHeads * headDim]),
    pastKey: float([batch, kvHeads, maximumTime, headDim]),
    pastValue: float([batch, kvHeads, maximumTime, headDim]),
    lengths: { type: "int32", shape: [batch] },
    total: { type: "int32", shape: [] },
    ...(positions !== "none" && {
      cosines: float([maximumTime, headDim / 2]),
      sines: float([maximumTime, headDim / 2]),
    }),
  } as const;
  return traceProgram(specs, ({ q, k, v, pastKey, pastValue, lengths, total, cosines, sines }) => {
    const rotary = cosines && sines && { cosines, sines, isInterleaved: positions === "interleaved" };
    const options = { heads, kvHeads, pastKey: pastKey!, pastValue: pastValue!, lengths: lengths!, total: total! };
    const { output, presentKey, presentValue } = cachedAttention(q!, k!, v!, { ...options, ...(rotary && { rotary }) });
    return { output, presentKey, presentValue };
  });
}

const int32 = (shape: number[], values: number[]) => hostTensor("int32", shape, Int32Array.from(values));

/** Bound as past and as present, as a decoder does. */
function runInPlace(program: Program, inputs: Record<string, HostTensor>, runtime: Runtime): HostTensor {
  const executable = compile(program, { runtime });
  const [batch, time] = inputs.q!.shape as [number, number];
  const { output } = executable.allocateOutputs({ batch, time });
  const outputs = { output: output!, presentKey: inputs.pastKey!, presentValue: inputs.pastValue! };
  const binding = executable.bind(inputs, outputs);
  binding.run();
  binding.release();
  executable.release();
  return output!;
}

/** What a cache holds for the tokens of one row; the places behind them may hold anything. */
function writtenPlaces(cache: ArrayLike<number | bigint>, row: number, tokens: number): number[] {
  return Array.from({ length: kvHeads }, (_, head) => (row * kvHeads + head) * maximumTime * headDim).flatMap((start) =>
    Array.from({ length: tokens * headDim }, (_, index) => Number(cache[start + index])),
  );
}

const tables = (positions: Positions) => (positions === "none" ? {} : angles());
const runtimes = [openCApiRuntime(1), openNApiRuntime()];

describe.each(runtimes)("through $kind", (runtime) => {
  test.each(["none", "halves", "interleaved"] as const)("steps with positions %s equal the evaluator", (positions) => {
    const floats = randomFloats(3);
    const program = cachedProgram(positions);
    for (const { time, lengths, total } of [
      { time: 1, lengths: [2, 6], total: 7 }, // rows of different lengths
      { time: 4, lengths: [3, 3], total: 4 }, // a prompt
      { time: 3, lengths: [7], total: 8 }, // a chunk of a prompt behind five tokens
    ]) {
      const batch = lengths.length;
      const inputs = {
        q: floats([batch, time, heads * headDim]),
        k: floats([batch, time, kvHeads * headDim]),
        v: floats([batch, time, kvHeads * headDim]),
        pastKey: floats(cacheShape(batch)),
        pastValue: floats(cacheShape(batch)),
        lengths: int32([batch], lengths),
        total: int32([], [total]),
        ...tables(positions),
      };
      const expected = evaluateProgram(program, inputs);
      const output = runInPlace(program, inputs, runtime);
      expect(relativeError(output.data, expected.output!.data)).toBeLessThan(1e-5);
      for (const [row, last] of lengths.entries()) {
        const written = (cache: ArrayLike<number | bigint>) => writtenPlaces(cache, row, last + 1);
        expect(relativeError(written(inputs.pastKey.data), written(expected.presentKey!.data))).toBeLessThan(1e-5);
        expect(relativeError(written(inputs.pastValue.data), written(expected.presentValue!.data))).toBeLessThan(1e-5);
      }
    }
  });
});

test.each(["none", "halves", "interleaved"] as const)(
  "one token at a time equals attention over the whole sequence, positions %s",
  async (positions) => {
    const floats = randomFloats(5);
    const time = 9;
    const wide = {
      q: floats([2, time, heads * headDim]),
      k: floats([2, time, kvHeads * headDim]),
      v: floats([2, time, kvHeads * headDim]),
    };
    const ids = hostTensor(
      "int64",
      [2, time],
      BigInt64Array.from({ length: 2 * time }, (_, i) => BigInt(i % time)),
    );
    const full = traceProgram(
      {
        ...Object.fromEntries(Object.entries(wide).map(([name, { shape }]) => [name, float(shape)])),
        ids: { type: "int64", shape: [2, time] },
        cosines: float([maximumTime, headDim / 2]),
        sines: float([maximumTime, headDim / 2]),
      },
      ({ q, k, v, ids: at, cosines, sines }) => {
        const turn = (x: ReturnType<typeof splitHeads>) =>
          positions === "none" ? x : rotaryEmbedding(x, at!, cosines!, sines!, positions === "interleaved");
        const [query, key] = [turn(splitHeads(q!, heads)), turn(splitHeads(k!, kvHeads))];
        return { y: mergeHeads(attention(query, key, splitHeads(v!, kvHeads), { causal: true, chunk: 4 })) };
      },
    );
    const executable = compile(full);
    const { y } = await executable.run({ ...wide, ids, ...angles() });
    executable.release();

    const program = cachedProgram(positions);
    const cache = { pastKey: hostTensor("float32", cacheShape(2)), pastValue: hostTensor("float32", cacheShape(2)) };
    for (let t = 0; t < time; t++) {
      const token = ({ shape, data }: HostTensor<"float32">) => {
        const width = shape[2]!;
        const rows = [0, 1].flatMap((b) => [...data.subarray((b * time + t) * width, (b * time + t + 1) * width)]);
        return hostTensor("float32", [2, 1, width], Float32Array.from(rows));
      };
      const inputs = { q: token(wide.q), k: token(wide.k), v: token(wide.v), ...cache };
      const rest = { lengths: int32([2], [t, t]), total: int32([], [t + 1]), ...tables(positions) };
      const output = runInPlace(program, { ...inputs, ...rest }, runtimes[0]!);
      const { data } = token(hostTensor("float32", y!.shape, y!.data as Float32Array<ArrayBuffer>));
      expect(relativeError(output.data, data)).toBeLessThan(1e-5);
    }
  },
);

test("rotary positions over heads that the kernel cannot turn are refused before a session is made", () => {
  expect(() => compile(cachedProgram("halves", 8))).toThrow(
    "cachedAttention: found rotary positions over heads of 8 dimensions; expected a head dimension that is a multiple of 16",
  );
});
