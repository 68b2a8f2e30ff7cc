import { expect, test } from "vitest";
import { printProgram } from "../ir/print.ts";
import { attention } from "../ops/attention.ts";
import { linearCrossEntropy } from "../ops/losses.ts";
import { traceProgram } from "../trace/trace-program.ts";
import { expandComposites } from "./expand-composites.ts";

const float = (...shape: number[]) => ({ type: "float32", shape }) as const;

test("causal attention becomes blocks that skip the keys no row may see", () => {
  const program = traceProgram({ q: float(1, 2, 4, 8), k: float(1, 1, 4, 8) }, ({ q, k }) => ({
    y: attention(q!, k!, k!, { causal: true, chunk: 2, scale: 0.5 }),
  }));
  expect(printProgram(expandComposites(program))).toMatchInlineSnapshot(`
    "inputs q: f32[1, 2, 4, 8], k: f32[1, 1, 4, 8]
      %0: f32[1, 2, 2, 8] = slice{axis=2, start=0, end=2}(q)
      %1: f32[1, 1, 4, 8] = reshape{shape=[1, 1, 4, 8]}(%0)
      %2: f32[1, 1, 2, 8] = slice{axis=2, start=0, end=2}(k)
      %3: f32[1, 1, 4, 2] = matMul{transposeA=false, transposeB=true, scale=0.5}(%1, %2)
      %4: f32[1, 2, 2, 2] = reshape{shape=[1, 2, 2, 2]}(%3)
      %5: f32[2, 2] = constant{0, -1e+9, 0, 0}()
      %6: f32[1, 2, 2, 2] = add(%4, %5)
      %7: f32[1, 2, 2, 2] = softmax(%6)
      %8: f32[1, 1, 4, 2] = reshape{shape=[1, 1, 4, 2]}(%7)
      %9: f32[1, 1, 2, 8] = slice{axis=2, start=0, end=2}(k)
      %10: f32[1, 1, 4, 8] = matMul{transposeA=false, transposeB=false, scale=1}(%8, %9)
      %11: f32[1, 2, 2, 8] = reshape{shape=[1, 2, 2, 8]}(%10)
      %12: f32[1, 2, 2, 8] = slice{axis=2, start=2, end=4}(q)
      %13: f32[1, 1, 4, 8] = reshape{shape=[1, 1, 4, 8]}(%12)
      %14: f32[1, 1, 4, 4] = matMul{transposeA=false, transposeB=true, scale=0.5}(%13, k)
      %15: f32[1, 2, 2, 4] = reshape{shape=[1, 2, 2, 4]}(%14)
      %16: f32[2, 4] = constant{0, 0, 0, -1e+9, 0, 0, …}()
      %17: f32[1, 2, 2, 4] = add(%15, %16)
      %18: f32[1, 2, 2, 4] = softmax(%17)
      %19: f32[1, 1, 4, 4] = reshape{shape=[1, 1, 4, 4]}(%18)
      %20: f32[1, 1, 4, 8] = matMul{transposeA=false, transposeB=false, scale=1}(%19, k)
      %21: f32[1, 2, 2, 8] = reshape{shape=[1, 2, 2, 8]}(%20)
      %22: f32[1, 2, 4, 8] = concat{axis=2}(%11, %21)
    outputs y: %22"
  `);
});

test("cross-entropy of a head holds one block of logits at a time", () => {
  const specs = { h: float(6, 8), w: float(100, 8), t: { type: "int64", shape: [6] } } as const;
  const program = traceProgram(specs, ({ h, w, t }) => ({ loss: linearCrossEntropy(h!, w!, t!, { chunk: 4 }) }));
  expect(printProgram(expandComposites(program))).toMatchInlineSnapshot(`
    "inputs h: f32[6, 8], w: f32[100, 8], t: i64[6]
      %0: i64[] = constant{-100}()
      %1: bool[6] = equal(t, %0)
      %2: i64[] = constant{0}()
      %3: i64[6] = where(%1, %2, t)
      %4: i64[6, 1] = reshape{shape=[6, 1]}(%3)
      %5: f32[4, 8] = slice{axis=0, start=0, end=4}(h)
      %6: f32[4, 100] = gemm{transposeA=false, transposeB=true, scale=1}(%5, w)
      %7: i64[4, 1] = slice{axis=0, start=0, end=4}(%4)
      %8: f32[4, 100] = softmax(%6)
      %9: f32[4, 1] = reduceMax{axes=[1], keepDimensions=true}(%6)
      %10: f32[4, 1] = reduceMax{axes=[1], keepDimensions=true}(%8)
      %11: f32[4, 1] = log(%10)
      %12: f32[4, 1] = subtract(%9, %11)
      %13: f32[4, 1] = gatherElements{axis=1}(%6, %7)
      %14: f32[4, 1] = subtract(%12, %13)
      %15: f32[] = constant{-1}()
      %16: f32[4, 1] = broadcastTo{shape=[4, 1]}(%15)
      %17: f32[4, 100] = scatterAddElements{axis=1}(%8, %7, %16)
      %18: f32[2, 8] = slice{axis=0, start=4, end=6}(h)
      %19: f32[2, 100] = gemm{transposeA=false, transposeB=true, scale=1}(%18, w)
      %20: i64[2, 1] = slice{axis=0, start=4, end=6}(%4)
      %21: f32[2, 100] = softmax(%19)
      %22: f32[2, 1] = reduceMax{axes=[1], keepDimensions=true}(%19)
      %23: f32[2, 1] = reduceMax{axes=[1], keepDimensions=true}(%21)
      %24: f32[2, 1] = log(%23)
      %25: f32[2, 1] = subtract(%22, %24)
      %26: f32[2, 1] = gatherElements{axis=1}(%19, %20)
      %27: f32[2, 1] = subtract(%25, %26)
      %28: f32[] = constant{-1}()
      %29: f32[2, 1] = broadcastTo{shape=[2, 1]}(%28)
      %30: f32[2, 100] = scatterAddElements{axis=1}(%21, %20, %29)
      %31: f32[6, 1] = concat{axis=0}(%14, %27)
      %32: f32[6] = reshape{shape=[6]}(%31)
      %33: f32[6, 1] = concat{axis=0}(%12, %25)
      %34: f32[6] = reshape{shape=[6]}(%33)
      %35: bool[6] = not(%1)
      %36: f32[6] = cast{to=float32}(%35)
      %37: f32[6] = multiply(%32, %36)
    outputs loss: %37"
  `);
});
