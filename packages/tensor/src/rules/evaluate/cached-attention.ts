/** Evaluation of one step of cached attention; what it computes is told at the operator. */
import { ShapeError } from "../../errors.ts";
import type { OperatorAttributes } from "../../ir/operators.ts";
import { dot, turn } from "./attention.ts";
import { type EvaluatedTensor, floatsOf } from "./evaluated-tensor.ts";
import type { EvaluationRule } from "./evaluation-rule.ts";
import { softmaxOf } from "./normalisation.ts";

export const cachedAttention: EvaluationRule<OperatorAttributes["cachedAttention"]> = (inputs, attributes) => {
  const [query, key, value, pastKey, pastValue, lengths, total, cosines, sines] = inputs as EvaluatedTensor[];
  const { heads, kvHeads, scale, rotary, interleaved } = attributes;
  const [batch, time] = query!.shape as [number, number, number];
  const [, , maximumTime, headDim] = pastKey!.shape as [number, number, number, number];
  const isPrompt = Number(total!.data[0]) === time;
  const presentKey = Float64Array.from(floatsOf(pastKey!));
  const presentValue = Float64Array.from(floatsOf(pastValue!));
  const output = new Float64Array(batch * time * heads * headDim);

  /** A copy of one head of one new token, turned to its position. */
  const rotated = (x: EvaluatedTensor, start: number, position: number): Float64Array => {
    const vector = floatsOf(x).slice(start, start + headDim);
    if (rotary) turn(vector, floatsOf(cosines!), floatsOf(sines!), position, cosines!.shape[1]!, interleaved);
    return vector;
  };

  for (let b = 0; b < batch; b++) {
    const after = Number(lengths!.data[b]) + 1;
    const before = isPrompt ? 0 : after - time;
    if (before < 0 || after > maximumTime || after > Number(total!.data[0])) {
      throw new ShapeError({
        where: "cachedAttention",
        found: `row ${b} with ${after} tokens after a step of ${time}, total ${total!.data[0]}`,
        expected: `at least ${time}, at most the total and the cache's ${maximumTime}`,
        fix: "pass lengths = tokens after the step less one, and a total that covers every row",
      });
    }
    const fresh = after - before; // without padding
    for (let i = 0; i < fresh; i++) {
      for (let h = 0; h < kvHeads; h++) {
        const start = ((b * time + i) * kvHeads + h) * headDim;
        const slot = ((b * kvHeads + h) * maximumTime + before + i) * headDim;
        presentKey.set(rotated(key!, start, before + i), slot);
        presentValue.set(floatsOf(value!).subarray(start, start + headDim), slot);
      }
    }
    for (let i = 0; i < fresh; i++) {
      for (let h = 0; h < heads; h++) {
        const start = ((b * time + i) * heads + h) * headDim;
        const slots = (b * kvHeads + Math.floor(h / (heads / kvHeads))) * maximumTime * headDim;
        const vector = rotated(query!, start, before + i);
        const scores = Float64Array.from(
          { length: before + i + 1 },
          (_, s) => scale * dot(vector, 0, presentKey, slots + s * headDim, headDim),
        );
        softmaxOf(scores).forEach((p, s) => {
          for (let d = 0; d < headDim; d++) output[start + d]! += p * presentValue[slots + s * headDim + d]!;
        });
      }
    }
  }
  return [output, presentKey, presentValue];
};
