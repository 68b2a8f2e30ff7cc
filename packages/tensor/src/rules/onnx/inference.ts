/** Operators that only inference uses, as the contributed kernels they were made for. */
import { ShapeError } from "../../errors.ts";
import { microsoft } from "../../onnx/builder.ts";
import { direct, flag, float, integer, type OnnxRule } from "./rule.ts";

const cachedAttention: OnnxRule<"cachedAttention"> = (builder, operation) => {
  const { heads, kvHeads, scale, rotary, interleaved } = operation.attributes;
  const headDim = operation.inputs[3]!.shape[3]!;
  if (rotary && headDim % 16 !== 0) {
    throw new ShapeError({
      where: "cachedAttention",
      found: `rotary positions over heads of ${headDim} dimensions`,
      expected: "a head dimension that is a multiple of 16, which ONNX Runtime's kernel asks for",
      fix: "choose width and heads so that width / heads is 16, 32, 48, …",
    });
  }
  const [output, presentKey, presentValue] = operation.outputs.map(
    (value) => builder.name(value) || builder.temporary(), // all three are required, read or not
  );
  builder.node(
    "GroupQueryAttention",
    operation.inputs.map((input) => builder.name(input)),
    [output!, presentKey!, presentValue!],
    {
      domain: microsoft,
      attributes: {
        num_heads: integer(heads),
        kv_num_heads: integer(kvHeads),
        scale: float(scale),
        do_rotary: flag(rotary),
        rotary_interleaved: flag(interleaved),
      },
    },
  );
};

/** Accuracy level 4 multiplies in 8-bit integers: the fastest kernels. */
const quantisedLinear: OnnxRule<"quantisedLinear"> = (builder, operation) => {
  const { inputs, outputs, bits, block } = operation.attributes;
  direct(
    builder,
    "MatMulNBits",
    operation,
    {
      K: integer(inputs),
      N: integer(outputs),
      bits: integer(bits),
      block_size: integer(block),
      accuracy_level: integer(4),
    },
    microsoft,
  );
};

const skipRmsNorm: OnnxRule<"skipRmsNorm"> = (builder, { inputs, outputs: [y, total], attributes }) =>
  builder.node(
    "SkipSimplifiedLayerNormalization",
    inputs.map((input) => builder.name(input)),
    builder.isRead(total!) ? [builder.name(y!), "", "", builder.name(total!)] : [builder.name(y!)],
    { domain: microsoft, attributes: { epsilon: float(attributes.epsilon) } },
  );

export const inferenceRules = { cachedAttention, quantisedLinear, skipRmsNorm };
