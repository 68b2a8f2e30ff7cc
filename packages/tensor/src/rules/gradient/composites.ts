/** Gradients of rotary positions, attention, and cross-entropy of a vocabulary head: composites again, expanded by a later pass. */
import { ShapeError } from "../../errors.ts";
import type { OperatorAttributes } from "../../ir/operators.ts";
import { rotaryEmbedding } from "../../ops/attention.ts";
import { negate } from "../../ops/elementwise.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import type { GradientRule } from "./gradient-rule.ts";

/** A turn is undone by the turn the other way. */
export const rotaryGradient: GradientRule<OperatorAttributes["rotary"]> = ({
  gradient,
  attributes: { interleaved },
  inputs: [, positions, cosines, sines],
  add,
  isWanted,
}) => {
  if (isWanted(2) || isWanted(3)) {
    throw new ShapeError({
      where: "gradient of rotary",
      found: "cosines or sines that depend on an input whose gradient is asked for",
      expected: "tables of constants",
      fix: "wrap the tables in stopGradient",
    });
  }
  add(0, () => rotaryEmbedding(gradient, positions!, cosines!, negate(sines!), interleaved));
};

export const attentionGradient: GradientRule<OperatorAttributes["attention"]> = ({
  gradient,
  attributes,
  inputs,
  outputs,
  add,
  isWanted,
  keepProbabilities,
}) => {
  const [output, ...probabilities] = outputs;
  const [query, key, value, bias] = inputs;
  const hasBias = bias !== undefined && (isWanted(3) || !keepProbabilities);
  const operands = [gradient, output!, query!, key!, value!];
  if (hasBias) operands.push(bias);
  if (keepProbabilities) operands.push(...probabilities);
  const gradients = record(
    "attentionGradient",
    operands.map((operand) => operand.value),
    { ...attributes, hasBias, keptProbabilities: keepProbabilities },
  );
  gradients.forEach((result, index) => {
    add(index, () => new Tensor(result));
  });
};

export const linearCrossEntropyGradient: GradientRule<OperatorAttributes["linearCrossEntropy"]> = ({
  gradient,
  attributes: { chunk },
  inputs: [hidden, weight],
  outputs: [, , ...residues],
  add,
}) => {
  const operands = [gradient, hidden!, weight!, ...residues].map((operand) => operand.value);
  const [ofHidden, ofWeight] = record("linearCrossEntropyGradient", operands, { chunk });
  add(0, () => new Tensor(ofHidden!));
  add(1, () => new Tensor(ofWeight!));
};
