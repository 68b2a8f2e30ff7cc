/** Evaluation of the cross-entropy of a vocabulary head and of its gradient. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { dot } from "./attention.ts";
import { type EvaluatedTensor, floatsOf } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { checkIndex } from "./indexing.ts";
import { logPartition } from "./normalisation.ts";

export const linearCrossEntropy: EvaluationRule<OperatorAttributes["linearCrossEntropy"]> = (
  [hidden, weight, targets],
  { zLoss },
  results,
) => {
  const [rows, width] = hidden!.shape as [number, number];
  const vocabulary = weight!.shape[0]!;
  const [losses, logPartitions] = [new Float64Array(rows), new Float64Array(rows)];
  const residues = new Float64Array(rows * vocabulary);
  for (let row = 0; row < rows; row++) {
    const target = checkIndex("linearCrossEntropy", targets!.data[row]!, vocabulary);
    const logits = Float64Array.from({ length: vocabulary }, (_, token) =>
      dot(floatsOf(hidden!), row * width, floatsOf(weight!), token * width, width),
    );
    const logZ = logPartition(logits);
    logPartitions[row] = logZ;
    losses[row] = logZ - logits[target]! + zLoss * logZ * logZ;
    logits.forEach((logit, token) => {
      const residue = (1 + 2 * zLoss * logZ) * Math.exp(logit - logZ);
      residues[row * vocabulary + token] = token === target ? residue - 1 : residue;
    });
  }
  let start = 0;
  const chunks = results.slice(2).map(({ shape }) => {
    const chunk = residues.subarray(start * vocabulary, (start + shape[0]!) * vocabulary);
    start += shape[0]!;
    return chunk;
  });
  return [losses, logPartitions, ...chunks];
};

export const linearCrossEntropyGradient: EvaluationRule<object> = (inputs) => {
  const [gradient, hidden, weight, ...residues] = inputs as [EvaluatedTensor, EvaluatedTensor, EvaluatedTensor];
  const [vocabulary, width] = (weight as EvaluatedTensor).shape as [number, number];
  const ofHidden = new Float64Array(hidden.data.length);
  const ofWeight = new Float64Array(weight.data.length);
  const rows = (residues as EvaluatedTensor[]).flatMap((chunk) =>
    Array.from({ length: chunk.shape[0]! }, (_, i) => floatsOf(chunk).subarray(i * vocabulary, (i + 1) * vocabulary)),
  );
  rows.forEach((residue, row) => {
    for (let token = 0; token < vocabulary; token++) {
      const share = floatsOf(gradient)[row]! * residue[token]!;
      for (let i = 0; i < width; i++) {
        ofHidden[row * width + i]! += share * floatsOf(weight)[token * width + i]!;
        ofWeight[token * width + i]! += share * floatsOf(hidden)[row * width + i]!;
      }
    }
  });
  return [ofHidden, ofWeight];
};
