/** Operators on each element as ONNX nodes, and constants. */
import { constantBytes, microsoft } from "../../onnx/builder.ts";
import { onnxElementTypes } from "../../onnx/element-types.ts";
import { direct, float, integer, node, type OnnxRule } from "./rule.ts";

const constant: OnnxRule<"constant"> = (builder, { attributes, outputs: [value] }) => {
  const { type, shape, data } = attributes;
  if (builder.isRead(value!)) builder.initializer(type, shape, constantBytes(type, data), builder.name(value!));
};

/** QuickGelu with alpha 1 is x · sigmoid(x) in one pass over memory; it exists for float32 alone. */
const silu: OnnxRule<"silu"> = (builder, operation) => {
  const [x] = operation.inputs;
  if (x!.type === "float32") {
    direct(builder, "QuickGelu", operation, { alpha: float(1) }, microsoft);
    return;
  }
  const sigmoid = builder.step("Sigmoid", [builder.name(x!)]);
  builder.node("Mul", [builder.name(x!), sigmoid], [builder.name(operation.outputs[0]!)]);
};

const gelu: OnnxRule<"gelu"> = (builder, operation) =>
  direct(builder, "Gelu", operation, { approximate: { string: operation.attributes.approximation } });

const cast: OnnxRule<"cast"> = (builder, operation) =>
  direct(builder, "Cast", operation, { to: integer(onnxElementTypes[operation.attributes.to]) });

export const elementwiseRules = {
  constant,
  negate: node("Neg"),
  exp: node("Exp"),
  log: node("Log"),
  sqrt: node("Sqrt"),
  reciprocal: node("Reciprocal"),
  absolute: node("Abs"),
  sine: node("Sin"),
  cosine: node("Cos"),
  tanh: node("Tanh"),
  sigmoid: node("Sigmoid"),
  erf: node("Erf"),
  relu: node("Relu"),
  silu,
  gelu,
  not: node("Not"),
  cast,
  stopGradient: node("Identity"),
  add: node("Add"),
  subtract: node("Sub"),
  multiply: node("Mul"),
  divide: node("Div"),
  maximum: node("Max"),
  minimum: node("Min"),
  power: node("Pow"),
  modulo: node("Mod"),
  equal: node("Equal"),
  less: node("Less"),
  lessOrEqual: node("LessOrEqual"),
  and: node("And"),
  or: node("Or"),
  where: node("Where"),
};
