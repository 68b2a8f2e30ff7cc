/** From a DecoderConfig to Hugging Face's config.json, read by transformers 4 and 5, vLLM and llama.cpp's converter. */
import { architectures } from "./architectures.ts";
import type { DecoderConfig } from "./decoder-config.ts";

/** Storage type of the weights as config.json names it. */
export type StoredType = "float32" | "bfloat16" | "float16";

/** @param storedType what the weights beside it are stored as. Default float32 */
export function writeDecoderConfig(config: DecoderConfig, storedType: StoredType = "float32"): Record<string, unknown> {
  const { architecture, specialTokens } = config;
  return {
    architectures: [architectures[architecture].className],
    model_type: architecture,
    ...(architecture === "gpt2" ? gpt2Fields(config) : llamaFields(config)),
    vocab_size: config.vocabulary,
    initializer_range: config.initialiserRange,
    tie_word_embeddings: config.isTied,
    bos_token_id: specialTokens.begin ?? null,
    eos_token_id: specialTokens.end ?? null,
    pad_token_id: specialTokens.padding ?? null,
    use_cache: true,
    torch_dtype: storedType, // transformers 4
    dtype: storedType, // transformers 5
  };
}

function llamaFields(config: DecoderConfig): Record<string, unknown> {
  const { architecture, biases } = config;
  return {
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    intermediate_size: config.mlpWidth,
    hidden_act: "silu",
    max_position_embeddings: config.context,
    rms_norm_eps: config.norm.epsilon,
    attention_dropout: 0,
    ...(architecture !== "qwen2" && { attention_bias: biases.queryKeyValue }),
    ...(architecture === "llama" && { mlp_bias: biases.mlp }),
    ...(architecture !== "llama" && { use_sliding_window: false, sliding_window: null }),
    ...rotaryFields(config),
  };
}

/** The old fields and the new one say the same thing; a reader takes whichever it knows. */
function rotaryFields({ positions }: DecoderConfig): Record<string, unknown> {
  if (positions.kind !== "rotary") return {};
  const { theta, scaling } = positions;
  const type =
    scaling === undefined
      ? { rope_type: "default" }
      : scaling.kind === "linear"
        ? { rope_type: "linear", factor: scaling.factor }
        : {
            rope_type: "llama3",
            factor: scaling.factor,
            low_freq_factor: scaling.lowFrequencyFactor,
            high_freq_factor: scaling.highFrequencyFactor,
            original_max_position_embeddings: scaling.originalContext,
          };
  return {
    rope_theta: theta,
    rope_scaling: scaling === undefined ? null : type,
    rope_parameters: { ...type, rope_theta: theta },
  };
}

function gpt2Fields(config: DecoderConfig): Record<string, unknown> {
  return {
    n_embd: config.width,
    n_layer: config.layers,
    n_head: config.heads,
    n_inner: config.mlpWidth === 4 * config.width ? null : config.mlpWidth,
    n_positions: config.context,
    n_ctx: config.context,
    activation_function: config.mlp,
    layer_norm_epsilon: config.norm.epsilon,
    // Dropout is an option of training here; Hugging Face's defaults of 0.1 would surprise whoever trains on.
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: false,
    reorder_and_upcast_attn: false,
  };
}
