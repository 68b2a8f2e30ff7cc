/**
 * What each architecture fixes, and what it starts from when a new model is made. The names are Hugging Face's
 * `model_type`; `className` is what its `architectures` field carries.
 */
import type { Architecture, DecoderConfig, DecoderSizes, MlpKind } from "./decoder-config.ts";
import { validateDecoderConfig } from "./validate.ts";

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

/**
 * A new model's configuration: the sizes given, the rest from the architecture. kvHeads defaults to heads, headDim to
 * width / heads, mlpWidth to 8/3 of the width in whole 64s for SwiGLU (as many weights as a plain MLP of 4 widths,
 * Shazeer 2020, arXiv:2002.05202 §2) and to 4 widths otherwise.
 *
 * @throws {ConfigError} if the sizes do not fit together
 */
export function createDecoderConfig(
  architecture: Architecture,
  sizes: DecoderSizes,
  choices: Partial<ArchitectureFacts["defaults"] & Pick<DecoderConfig, "specialTokens">> = {},
): DecoderConfig {
  const settings = { ...architectures[architecture].defaults, specialTokens: {}, ...choices };
  const { width, heads } = sizes;
  const defaultMlpWidth = settings.mlp === "swiglu" ? Math.ceil((width * 8) / 3 / 64) * 64 : 4 * width;
  return validateDecoderConfig({
    family: "decoder",
    architecture,
    vocabulary: sizes.vocabulary,
    width,
    layers: sizes.layers,
    heads,
    kvHeads: sizes.kvHeads ?? heads,
    headDim: sizes.headDim ?? width / heads,
    mlpWidth: sizes.mlpWidth ?? defaultMlpWidth,
    context: sizes.context,
    ...settings,
  });
}
