/** What Hugging Face calls each weight. The decoder speaks of roles; only this file knows names. */
import { architectures } from "../config/architectures.ts";
import type { DecoderConfig } from "../config/decoder-config.ts";

/** Names without `.weight` and `.bias`. */
export interface LayerNames {
  readonly attentionNorm: string;
  /** Absent when the three are one matrix, `queryKeyValue`. */
  readonly query?: string;
  readonly key?: string;
  readonly value?: string;
  /** GPT-2's c_attn: the columns of query, key and value side by side. */
  readonly queryKeyValue?: string;
  readonly queryNorm: string;
  readonly keyNorm: string;
  readonly attentionOutput: string;
  readonly mlpNorm: string;
  readonly gate?: string;
  readonly up: string;
  readonly down: string;
}

export interface WeightNames {
  readonly embedding: string;
  readonly positions: string;
  readonly finalNorm: string;
  /** The vocabulary head's own matrix; a tied model has none. */
  readonly head: string;
  readonly layer: (index: number) => LayerNames;
  /** Whether matrices are stored [inputs, outputs], as GPT-2's Conv1D does, and not [outputs, inputs]. */
  readonly isTransposed: boolean;
  /** What every name but the head's begins with; checkpoints of the bare model leave it out. */
  readonly prefix: string;
}

const llamaNames: WeightNames = {
  embedding: "model.embed_tokens",
  positions: "",
  finalNorm: "model.norm",
  head: "lm_head",
  layer: (index) => {
    const layer = `model.layers.${index}`;
    return {
      attentionNorm: `${layer}.input_layernorm`,
      query: `${layer}.self_attn.q_proj`,
      key: `${layer}.self_attn.k_proj`,
      value: `${layer}.self_attn.v_proj`,
      queryNorm: `${layer}.self_attn.q_norm`,
      keyNorm: `${layer}.self_attn.k_norm`,
      attentionOutput: `${layer}.self_attn.o_proj`,
      mlpNorm: `${layer}.post_attention_layernorm`,
      gate: `${layer}.mlp.gate_proj`,
      up: `${layer}.mlp.up_proj`,
      down: `${layer}.mlp.down_proj`,
    };
  },
  isTransposed: false,
  prefix: "model.",
};

const gpt2Names: WeightNames = {
  embedding: "transformer.wte",
  positions: "transformer.wpe",
  finalNorm: "transformer.ln_f",
  head: "lm_head",
  layer: (index) => {
    const layer = `transformer.h.${index}`;
    return {
      attentionNorm: `${layer}.ln_1`,
      queryKeyValue: `${layer}.attn.c_attn`,
      queryNorm: "",
      keyNorm: "",
      attentionOutput: `${layer}.attn.c_proj`,
      mlpNorm: `${layer}.ln_2`,
      up: `${layer}.mlp.c_fc`,
      down: `${layer}.mlp.c_proj`,
    };
  },
  isTransposed: true,
  prefix: "transformer.",
};

export function weightNames(config: DecoderConfig): WeightNames {
  return architectures[config.architecture].layout === "gpt2" ? gpt2Names : llamaNames;
}

/** Name of the matrix that turns hidden states into logits: the head's own, or the embedding's. */
export function headName(config: DecoderConfig): string {
  const names = weightNames(config);
  return `${config.isTied ? names.embedding : names.head}.weight`;
}
