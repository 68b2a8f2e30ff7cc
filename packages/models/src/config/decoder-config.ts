/**
 * What a decoder is made of, independent of how any file spells it. One type covers Qwen3 (our own), Qwen2, Llama (SmolLM2
 * included) and GPT-2: they differ in these fields and in nothing else. Reading and writing config.json is beside this file.
 */

export type Architecture = "qwen3" | "qwen2" | "llama" | "gpt2";

/** Rotary frequencies stretched beyond the context that the model was pretrained on. */
export type RotaryScaling =
  /** All frequencies divided by `factor` (Chen et al. 2023, arXiv:2306.15595). */
  | { readonly kind: "linear"; readonly factor: number }
  /** Low frequencies divided, high ones kept, those between interpolated (Llama 3.1, arXiv:2407.21783). */
  | {
      readonly kind: "llama3";
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContext: number;
    };

export type Positions =
  | { readonly kind: "rotary"; readonly theta: number; readonly scaling?: RotaryScaling }
  | { readonly kind: "learned" };

/** swiglu has two matrices in and a gate; the others have one, with the named activation between. */
export type MlpKind = "swiglu" | "gelu" | "gelu_new" | "relu2";

/** Ids that the model was trained to begin, end and pad with; absent where the model has none. */
export interface SpecialTokenIds {
  readonly begin?: number;
  readonly end?: number | readonly number[];
  readonly padding?: number;
}

export interface DecoderConfig {
  readonly family: "decoder";
  /** Decides the names and the layout of the weights, and which fields config.json has. */
  readonly architecture: Architecture;
  /** Tokens, rows of the embedding. */
  readonly vocabulary: number;
  /** Channels of the residual stream. */
  readonly width: number;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; divides `heads`. */
  readonly kvHeads: number;
  /** Channels of one head; heads · headDim need not be the width. */
  readonly headDim: number;
  /** Channels between the matrices of the MLP. */
  readonly mlpWidth: number;
  /** Positions the model knows; the longest sequence it accepts. */
  readonly context: number;
  readonly norm: { readonly kind: "rms" | "layer"; readonly epsilon: number };
  readonly positions: Positions;
  /** Whether queries and keys are RMS-normalised per head before they are compared (Qwen3; arXiv:2302.05442). */
  readonly hasQueryKeyNorm: boolean;
  /** Which matrices have a bias. The vocabulary head never has one. */
  readonly biases: { readonly queryKeyValue: boolean; readonly attentionOutput: boolean; readonly mlp: boolean };
  readonly mlp: MlpKind;
  /** Whether the vocabulary head is the embedding itself. */
  readonly isTied: boolean;
  /** Standard deviation of the matrices' initial values. */
  readonly initialiserRange: number;
  readonly specialTokens: SpecialTokenIds;
}

/** The sizes that a new model is chosen by; everything else follows from the architecture unless given. */
export interface DecoderSizes {
  readonly vocabulary: number;
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads?: number;
  readonly headDim?: number;
  readonly mlpWidth?: number;
  readonly context: number;
}
