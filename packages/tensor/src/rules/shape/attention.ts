/** Shape rules of attention, with and without a cache, and of rotary positions. */
import type { OperatorAttributes } from "../../ir/operators.ts";
import type { Value } from "../../ir/program.ts";
import { broadcastShapes, formatShape, sameShape } from "../../ir/shape.ts";
import { expectInputs, expectOneType, expectRank, expectShape, expectType, refuse, type ShapeRule } from "./checks.ts";
import { chunkBounds } from "./chunks.ts";

function checkHeads(where: string, heads: number, kvHeads: number): void {
  if (heads % kvHeads === 0) return;
  const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((divisor) => heads % divisor === 0);
  refuse(
    where,
    `${heads} query heads and ${kvHeads} key/value heads`,
    "query heads divisible by key/value heads",
    `set kvHeads to ${divisors.join(", ")}`,
  );
}

function checkAttention(where: string, q: Value, k: Value, v: Value, causal: boolean): void {
  expectRank(where, "query", q, 4);
  expectRank(where, "key", k, 4);
  expectRank(where, "value", v, 4);
  const [batch, heads, time, headDim] = q.shape;
  const [kBatch, kvHeads, keyTime, keyDim] = k.shape;
  if (batch !== kBatch || headDim !== keyDim || !sameShape(k.shape.slice(0, 3), v.shape.slice(0, 3))) {
    refuse(
      where,
      `query ${formatShape(q.shape)}, key ${formatShape(k.shape)}, value ${formatShape(v.shape)}`,
      "one batch, one head dimension for query and key, one time for key and value",
      "split the heads alike",
    );
  }
  checkHeads(where, heads, kvHeads);
  if (causal && time !== keyTime) {
    refuse(
      where,
      `${formatShape([time])} queries against ${formatShape([keyTime])} keys`,
      "equal times for a causal mask",
      "pass a bias instead of causal",
    );
  }
}

export const attention: ShapeRule<OperatorAttributes["attention"]> = (inputs, { causal, chunk }, where) => {
  expectInputs(where, inputs, 3, 4);
  const [q, k, v, bias] = inputs;
  checkAttention(where, q, k, v, causal);
  expectOneType(where, inputs);
  const [batch, heads, time] = q.shape;
  const scores = [batch, heads, time, k.shape[2]];
  if (bias && !sameShape(broadcastShapes(bias.shape, scores, where), scores)) {
    refuse(
      where,
      `a bias of shape ${formatShape(bias.shape)}`,
      `one that stretches to ${formatShape(scores)}`,
      "broadcast it over batch or heads",
    );
  }
  return [
    { type: q.type, shape: [...q.shape.slice(0, 3), v.shape[3]] },
    ...chunkBounds(time, chunk).map(([start, end]) => ({
      type: q.type,
      shape: [batch, heads, end - start, causal ? end : k.shape[2]],
    })),
  ];
};

export const attentionGradient: ShapeRule<OperatorAttributes["attentionGradient"]> = (
  inputs,
  { causal, chunk, hasBias, keptProbabilities },
  where,
) => {
  const [gradient, output, q, k, v, bias] = inputs;
  const kept = keptProbabilities ? chunkBounds(q.shape[2], chunk).length : 0;
  expectInputs(where, inputs, (hasBias ? 6 : 5) + kept);
  checkAttention(where, q, k, v, causal);
  expectOneType(where, inputs);
  expectShape(where, "the output's gradient", gradient, output.shape, "pass the gradient of attention's first output");
  return hasBias ? [q, k, v, bias] : [q, k, v];
};

export const cachedAttention: ShapeRule<OperatorAttributes["cachedAttention"]> = (
  inputs,
  { heads, kvHeads, rotary },
  where,
) => {
  expectInputs(where, inputs, rotary ? 9 : 7);
  const [query, key, value, pastKey, pastValue, lengths, total, cosines, sines] = inputs;
  expectRank(where, "query", query, 3);
  expectRank(where, "past key", pastKey, 4);
  checkHeads(where, heads, kvHeads);
  expectOneType(where, [query, key, value, pastKey, pastValue, cosines, sines]);
  const [batch, time] = query.shape;
  const [, , maximumTime, headDim] = pastKey.shape;
  const expected = `query and caches agree on ${heads} heads, ${kvHeads} key/value heads and head dimension ${headDim}`;
  expectShape(where, "query", query, [batch, time, heads * headDim], expected);
  expectShape(where, "key", key, [batch, time, kvHeads * headDim], expected);
  expectShape(where, "value", value, [batch, time, kvHeads * headDim], expected);
  expectShape(where, "past key", pastKey, [batch, kvHeads, maximumTime, headDim], expected);
  expectShape(where, "past value", pastValue, pastKey.shape, "key and value caches have one shape");
  expectType(where, "lengths", lengths, "int32");
  expectType(where, "total", total, "int32");
  expectShape(where, "lengths", lengths, [batch], "one length for each row of the batch");
  return [query, pastKey, pastValue];
};

export const rotary: ShapeRule<object> = (inputs, _, where) => {
  expectInputs(where, inputs, 4);
  const [x, positions, cosines, sines] = inputs;
  expectRank(where, "x", x, 4);
  expectType(where, "positions", positions, "int64");
  expectOneType(where, [x, cosines, sines]);
  const [batch, , time, headDim] = x.shape;
  if (!sameShape(positions.shape, [batch, time])) {
    refuse(
      where,
      `positions ${formatShape(positions.shape)} for x ${formatShape(x.shape)}`,
      formatShape([batch, time]),
      "give each token of each row its position",
    );
  }
  if (!sameShape(cosines.shape, sines.shape) || cosines.shape.length !== 2 || cosines.shape[1] * 2 !== headDim) {
    refuse(
      where,
      `tables ${formatShape(cosines.shape)} and ${formatShape(sines.shape)} for head dimension ${headDim}`,
      `[positions, ${headDim / 2}]`,
      "make both tables for half the head dimension",
    );
  }
  return [x];
};
