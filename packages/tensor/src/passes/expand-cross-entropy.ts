/**
 * Cross-entropy of a vocabulary head and its gradient, in blocks of rows so that only one block of logits lives at a
 * time. What is kept of a block is its residue: the gradient of each row's loss with respect to its logits.
 */
import type { OperationOf, Value } from "../ir/program.ts";
import { concat, expandDimensions, reshape, slice, squeeze } from "../ops/axes.ts";
import { filled } from "../ops/constants.ts";
import { add, log, multiply, subtract } from "../ops/elementwise.ts";
import { gatherElements } from "../ops/indexing.ts";
import { softmax } from "../ops/normalisation.ts";
import { max } from "../ops/reductions.ts";
import { chunkBounds } from "../rules/shape.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

function rows(x: Tensor, start: number, end: number): Tensor {
  return start === 0 && end === x.shape[0] ? x : slice(x, 0, start, end);
}

function gemm(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean; c?: Tensor }): Tensor {
  const { transposeA = false, transposeB = false, c } = options;
  const inputs = c === undefined ? [a.value, b.value] : [a.value, b.value, c.value];
  return new Tensor(record("gemm", inputs, { transposeA, transposeB, scale: 1 })[0]!);
}

function scatterAdd(data: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  return new Tensor(record("scatterAddElements", [data.value, indices.value, updates.value], { axis })[0]!);
}

const tensors = (values: readonly Value[]): Tensor[] => values.map((value) => new Tensor(value));

/**
 * With Z = Σ exp(logits) and P = softmax(logits): loss = log Z − logit of the target + zLoss · log²Z, and the residue is
 * (1 + 2 zLoss log Z) P − onehot. log Z comes from max(logits) − log max(P), two cheap passes that cannot overflow.
 */
export function expandLinearCrossEntropy({ inputs, attributes }: OperationOf<"linearCrossEntropy">): Value[] {
  const [hidden, weight, targets] = tensors(inputs) as [Tensor, Tensor, Tensor];
  const { chunk, zLoss } = attributes;
  const columns = expandDimensions(targets, 1); // [rows, 1]
  const losses: Tensor[] = [];
  const partitions: Tensor[] = [];
  const residues: Value[] = [];
  for (const [start, end] of chunkBounds(hidden.shape[0]!, chunk)) {
    const logits = gemm(rows(hidden, start, end), weight, { transposeB: true }); // [end − start, vocabulary]
    const target = rows(columns, start, end);
    let probabilities = softmax(logits);
    const largest = { axes: [1], keepDimensions: true } as const;
    const logZ = subtract(max(logits, largest), log(max(probabilities, largest))); // [end − start, 1]
    let loss = subtract(logZ, gatherElements(logits, target, 1));
    if (zLoss !== 0) {
      loss = add(loss, multiply(multiply(logZ, logZ), zLoss));
      probabilities = multiply(probabilities, add(multiply(logZ, 2 * zLoss), 1));
    }
    losses.push(loss);
    partitions.push(logZ);
    residues.push(scatterAdd(probabilities, target, filled(target.shape, -1), 1).value);
  }
  return [squeeze(concat(losses, 0), 1).value, squeeze(concat(partitions, 0), 1).value, ...residues];
}

/**
 * Row gradients scale the narrow side of each product (rows × width), never the residues (rows × vocabulary):
 * d hidden = g ∘ (R W) and d W = Rᵀ (g ∘ hidden).
 */
export function expandLinearCrossEntropyGradient({
  inputs,
  attributes,
}: OperationOf<"linearCrossEntropyGradient">): Value[] {
  const [rowGradients, hidden, weight, ...residues] = tensors(inputs) as [Tensor, Tensor, Tensor, ...Tensor[]];
  const scales = reshape(rowGradients, [rowGradients.shape[0]!, 1]);
  const scaledHidden = multiply(hidden, scales);
  const dHidden: Tensor[] = [];
  let dWeight: Tensor | undefined;
  chunkBounds(hidden.shape[0]!, attributes.chunk).forEach(([start, end], index) => {
    const residue = residues[index]!;
    dHidden.push(gemm(residue, weight, {}));
    const addend = dWeight === undefined ? {} : { c: dWeight };
    dWeight = gemm(residue, rows(scaledHidden, start, end), { transposeA: true, ...addend });
  });
  return [multiply(concat(dHidden, 0), scales).value, dWeight!.value];
}
