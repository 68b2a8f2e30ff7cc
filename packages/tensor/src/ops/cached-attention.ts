/** Attention over a cache of keys and values, for decoding; models with and without rotary positions. */
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

export interface CachedAttentionOptions {
  readonly heads: number;
  readonly kvHeads: number;
  /** [batch, kvHeads, maximumTime, headDim]: bind the same memory to the present below, so that the cache grows in place. */
  readonly pastKey: Tensor;
  readonly pastValue: Tensor;
  /** int32 [batch]: tokens of each row after this step, less one. */
  readonly lengths: Tensor;
  /** int32 []: the most tokens any row has after this step. Equal to time for a prompt into empty caches. */
  readonly total: Tensor;
  /** Cosines and sines [positions, headDim / 2]; absent for models that add their positions to the embedding, as GPT-2. */
  readonly rotary?: { readonly cosines: Tensor; readonly sines: Tensor; readonly isInterleaved?: boolean };
  /** Default 1 / √headDim. */
  readonly scale?: number;
}

export interface CachedAttentionResult {
  /** [batch, time, heads · headDim] */
  readonly output: Tensor;
  /** The caches with the new tokens in them, shaped as the past. */
  readonly presentKey: Tensor;
  readonly presentValue: Tensor;
}

/**
 * One step of decoding, or a whole prompt: writes the new keys and values behind those of each row and attends causally.
 * What the kernel can do: one new token for each of many rows, whatever their lengths; whole prompts of many rows into
 * empty caches; a further chunk of several tokens for one row alone. Places of a cache behind a row's tokens hold anything.
 *
 * @param query [batch, time, heads · headDim], not yet rotated
 * @param key   [batch, time, kvHeads · headDim], not yet rotated
 * @param value [batch, time, kvHeads · headDim]
 * @throws {ShapeError} if the shapes do not fit
 */
export function cachedAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: CachedAttentionOptions,
): CachedAttentionResult {
  const { heads, kvHeads, pastKey, pastValue, lengths, total, rotary } = options;
  const { scale = 1 / Math.sqrt(query.shape.at(-1)! / heads) } = options;
  const inputs = [query, key, value, pastKey, pastValue, lengths, total];
  if (rotary !== undefined) inputs.push(rotary.cosines, rotary.sines);
  const [output, presentKey, presentValue] = record(
    "cachedAttention",
    inputs.map((input) => input.value),
    { heads, kvHeads, scale, rotary: rotary !== undefined, interleaved: rotary?.isInterleaved ?? false },
  );
  return {
    output: new Tensor(output!),
    presentKey: new Tensor(presentKey!),
    presentValue: new Tensor(presentValue!),
  };
}

/**
 * rmsNorm(x + skip) and the sum itself, in one kernel: where a residual meets the next norm.
 *
 * @param skip   as x
 * @param weight [width]
 */
export function skipRmsNorm(x: Tensor, skip: Tensor, weight: Tensor, epsilon: number): { normal: Tensor; sum: Tensor } {
  const [normal, sum] = record("skipRmsNorm", [x.value, skip.value, weight.value], { epsilon });
  return { normal: new Tensor(normal!), sum: new Tensor(sum!) };
}
