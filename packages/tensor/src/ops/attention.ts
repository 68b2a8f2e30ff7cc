/** Attention over whole sequences, as training and prefill without a cache need it; and rotary positions. */
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";

export interface AttentionOptions {
  /** Each query sees keys up to its own position. */
  readonly causal: boolean;
  /** Added to the scaled scores; broadcastable to [batch, heads, time, keyTime]. Forbidden pairs hold a large negative. */
  readonly bias?: Tensor;
  /** Default 1 / √headDim. */
  readonly scale?: number;
  /**
   * Query rows per block of the causal triangle; 0: all at once. Blocks skip the keys that no row of theirs may see.
   * Default 128, the fastest measured.
   */
  readonly chunk?: number;
}

/**
 * Scaled dot-product attention with grouped key/value heads.
 *
 * @param query [batch, heads, time, headDim]
 * @param key   [batch, kvHeads, keyTime, headDim]; heads is a multiple of kvHeads
 * @param value [batch, kvHeads, keyTime, headDim]
 * @returns     [batch, heads, time, headDim]
 * @see Vaswani et al. 2017, arXiv:1706.03762; Ainslie et al. 2023, arXiv:2305.13245
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { causal, bias, scale = 1 / Math.sqrt(query.shape.at(-1)!), chunk = 128 } = options;
  const inputs = [query, key, value, ...(bias === undefined ? [] : [bias])];
  return new Tensor(
    record(
      "attention",
      inputs.map((input) => input.value),
      { scale, causal, chunk: causal ? chunk : 0 },
    )[0]!,
  );
}

/**
 * Rotary position embedding: pairs of dimensions turn by the position times their frequency.
 *
 * @param x         [batch, heads, time, headDim]
 * @param positions int64 [batch, time]
 * @param cosines   [maximumPositions, headDim / 2]
 * @param sines     as cosines
 * @param isInterleaved pairs are (0, 1), (2, 3), …; otherwise dimension i pairs with i + headDim / 2, as Llama and Qwen do
 * @see Su et al. 2021, arXiv:2104.09864
 */
export function rotaryEmbedding(
  x: Tensor,
  positions: Tensor,
  cosines: Tensor,
  sines: Tensor,
  isInterleaved = false,
): Tensor {
  const inputs = [x.value, positions.value, cosines.value, sines.value];
  return new Tensor(record("rotary", inputs, { interleaved: isInterleaved })[0]!);
}
