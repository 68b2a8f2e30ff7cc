/** Matrix products, softmax, norms and rotary positions as the fused kernels that ONNX Runtime has for them. */
import type { Value } from "../../ir/program.ts";
import { constantBytes, microsoft, type OnnxBuilder } from "../../onnx/builder.ts";
import { direct, flag, float, integer, lastAxis, type OnnxRule } from "./rule.ts";

function swapped(builder: OnnxBuilder, value: Value): string {
  const axes = value.shape.map((_, axis) => axis);
  [axes[axes.length - 1], axes[axes.length - 2]] = [axes.length - 2, axes.length - 1];
  return builder.step("Transpose", [builder.name(value)], { attributes: { perm: { ints: axes } } });
}

const matMul: OnnxRule<"matMul"> = (builder, { inputs: [a, b], outputs: [y], attributes }) => {
  const { transposeA, transposeB, scale } = attributes;
  const operands = [builder.name(a!), builder.name(b!)];
  if (!transposeA && !transposeB && scale === 1) {
    builder.node("MatMul", operands, [builder.name(y!)]);
  } else if (a!.type === "float32") {
    builder.node("FusedMatMul", operands, [builder.name(y!)], {
      domain: microsoft,
      attributes: { transA: flag(transposeA), transB: flag(transposeB), alpha: float(scale) },
    });
  } else {
    const left = transposeA ? swapped(builder, a!) : operands[0]!;
    const right = transposeB ? swapped(builder, b!) : operands[1]!;
    const product = scale === 1 ? builder.name(y!) : builder.temporary();
    builder.node("MatMul", [left, right], [product]);
    if (scale === 1) return;
    const factor = builder.initializer(a!.type, [], constantBytes(a!.type, Float32Array.of(scale)));
    builder.node("Mul", [product, factor], [builder.name(y!)]);
  }
};

const gemm: OnnxRule<"gemm"> = (builder, operation) => {
  const { transposeA, transposeB, scale } = operation.attributes;
  direct(builder, "Gemm", operation, {
    ...(transposeA && { transA: flag(true) }),
    ...(transposeB && { transB: flag(true) }),
    ...(scale !== 1 && { alpha: float(scale) }),
  });
};

const rotary: OnnxRule<"rotary"> = (builder, operation) =>
  direct(builder, "RotaryEmbedding", operation, { interleaved: flag(operation.attributes.interleaved) }, microsoft);

export const productRules = {
  matMul,
  gemm,
  softmax: ((builder, operation) => direct(builder, "Softmax", operation, lastAxis)) as OnnxRule<"softmax">,
  logSoftmax: ((builder, operation) => direct(builder, "LogSoftmax", operation, lastAxis)) as OnnxRule<"logSoftmax">,
  layerNorm: ((builder, operation) =>
    direct(builder, "LayerNormalization", operation, {
      ...lastAxis,
      epsilon: float(operation.attributes.epsilon),
    })) as OnnxRule<"layerNorm">,
  /** Written without a domain: ONNX Runtime registers it among ONNX's own operators. */
  rmsNorm: ((builder, operation) =>
    direct(builder, "SimplifiedLayerNormalization", operation, {
      ...lastAxis,
      epsilon: float(operation.attributes.epsilon),
      stash_type: integer(1),
    })) as OnnxRule<"rmsNorm">,
  rotary,
};
