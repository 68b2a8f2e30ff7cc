/**
 * What each architecture fixes, and what a new model of it starts from. The names are Hugging Face's
 * `model_type`; `className` is what its `architectures` field carries.
 */
import type { Architecture, DecoderConfig, MlpKind } from "./decoder-config.ts";

export interface ArchitectureFacts {
  readonly className: string;
  /** Which weights are named how; see decoder/weight-names.ts. */
  readonly layout: "llama" | "gpt2";
  readonly mlpKinds: readonly MlpKind[];
  readonly defaults: Pick<
    DecoderConfig,
    "norm" | "positions" | "hasQueryKeyNorm" | "biases" | "mlp" | "isTied" | "initialiserRange"
  >;
}

const noBiases = { queryKeyValue: false, attentionOutput: false, mlp: false };
const rotary = { kind: "rotary", theta: 10_000 } as const;

export const architectures: Readonly<Record<Architecture, ArchitectureFacts>> = {
  qwen3: {
    className: "Qwen3ForCausalLM",
    layout: "llama",
    mlpKinds: ["swiglu"],
    defaults: {
      norm: { kind: "rms", epsilon: 1e-6 },
      positions: rotary,
      hasQueryKeyNorm: true,
      biases: noBiases,
      mlp: "swiglu",
      isTied: true,
      initialiserRange: 0.02,
    },
  },
  qwen2: {
    className: "Qwen2ForCausalLM",
    layout: "llama",
    mlpKinds: ["swiglu"],
    defaults: {
      norm: { kind: "rms", epsilon: 1e-6 },
      positions: rotary,
      hasQueryKeyNorm: false,
      biases: { queryKeyValue: true, attentionOutput: false, mlp: false },
      mlp: "swiglu",
      isTied: true,
      initialiserRange: 0.02,
    },
  },
  llama: {
    className: "LlamaForCausalLM",
    layout: "llama",
    mlpKinds: ["swiglu"],
    defaults: {
      norm: { kind: "rms", epsilon: 1e-6 },
      positions: rotary,
      hasQueryKeyNorm: false,
      biases: noBiases,
      mlp: "swiglu",
      isTied: false,
      initialiserRange: 0.02,
    },
  },
  gpt2: {
    className: "GPT2LMHeadModel",
    layout: "gpt2",
    mlpKinds: ["gelu_new", "gelu", "relu2"],
    defaults: {
      norm: { kind: "layer", epsilon: 1e-5 },
      positions: { kind: "learned" },
      hasQueryKeyNorm: false,
      biases: { queryKeyValue: true, attentionOutput: true, mlp: true },
      mlp: "gelu_new",
      isTied: true,
      initialiserRange: 0.02,
    },
  },
};
