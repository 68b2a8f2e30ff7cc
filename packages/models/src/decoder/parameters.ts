/** Every trained tensor of a decoder: name, shape, how it starts and whether weight decay applies to it. */
import type { DecoderConfig } from "../config/decoder-config.ts";
import { weightNames } from "./weight-names.ts";

export type Initialisation =
  | { readonly kind: "normal"; readonly standardDeviation: number }
  | { readonly kind: "ones" }
  | { readonly kind: "zeros" };

/** What a parameter does; optimisers group by it. */
export type ParameterRole = "embedding" | "positions" | "matrix" | "head" | "norm" | "bias";

export interface ParameterSpec {
  /** As Hugging Face names it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: ParameterRole;
  readonly initialisation: Initialisation;
  /**
   * Whether decoupled weight decay applies: to matrices, embeddings included, and not to norms and biases, as GPT-2's
   * reproductions do (nanoGPT, and Brown et al. 2020, arXiv:2005.14165 appendix B, name no exception but these).
   */
  readonly isDecayed: boolean;
}

/**
 * In the order in which a forward pass meets them; the order is part of the contract of a checkpoint's optimiser state.
 *
 * Matrices start normal with standard deviation `initialiserRange`; those that write into the residual stream start
 * smaller by √(2 · layers), one for each addition to it (Radford et al. 2019, §2.3). Norms start at one, biases at zero.
 */
export function decoderParameters(config: DecoderConfig): readonly ParameterSpec[] {
  const { width, heads, kvHeads, headDim, mlpWidth, vocabulary, context, layers, biases } = config;
  const names = weightNames(config);
  const specs: ParameterSpec[] = [];

  const table = (role: "embedding" | "positions" | "head", name: string, rows: number) =>
    specs.push({
      name: `${name}.weight`,
      shape: [rows, width],
      role,
      initialisation: { kind: "normal", standardDeviation: config.initialiserRange },
      isDecayed: true,
    });

  const norm = (name: string, length: number) => {
    const shared = { shape: [length], isDecayed: false };
    specs.push({ name: `${name}.weight`, role: "norm", initialisation: { kind: "ones" }, ...shared });
    if (config.norm.kind === "layer") {
      specs.push({ name: `${name}.bias`, role: "bias", initialisation: { kind: "zeros" }, ...shared });
    }
  };

  const matrix = (name: string, inputs: number, outputs: number, hasBias: boolean, isResidual = false) => {
    const standardDeviation = config.initialiserRange / (isResidual ? Math.sqrt(2 * layers) : 1);
    specs.push({
      name: `${name}.weight`,
      shape: names.isTransposed ? [inputs, outputs] : [outputs, inputs],
      role: "matrix",
      initialisation: { kind: "normal", standardDeviation },
      isDecayed: true,
    });
    if (hasBias) {
      const initialisation = { kind: "zeros" } as const;
      specs.push({ name: `${name}.bias`, shape: [outputs], role: "bias", initialisation, isDecayed: false });
    }
  };

  table("embedding", names.embedding, vocabulary);
  if (config.positions.kind === "learned") table("positions", names.positions, context);
  for (let index = 0; index < layers; index++) {
    const layer = names.layer(index);
    norm(layer.attentionNorm, width);
    if (layer.queryKeyValue !== undefined) {
      matrix(layer.queryKeyValue, width, (heads + 2 * kvHeads) * headDim, biases.queryKeyValue);
    } else {
      matrix(layer.query!, width, heads * headDim, biases.queryKeyValue);
      matrix(layer.key!, width, kvHeads * headDim, biases.queryKeyValue);
      matrix(layer.value!, width, kvHeads * headDim, biases.queryKeyValue);
    }
    if (config.hasQueryKeyNorm) {
      norm(layer.queryNorm, headDim);
      norm(layer.keyNorm, headDim);
    }
    matrix(layer.attentionOutput, heads * headDim, width, biases.attentionOutput, true);
    norm(layer.mlpNorm, width);
    if (config.mlp === "swiglu") matrix(layer.gate!, width, mlpWidth, biases.mlp);
    matrix(layer.up, width, mlpWidth, biases.mlp);
    matrix(layer.down, mlpWidth, width, biases.mlp, true);
  }
  norm(names.finalNorm, width);
  if (!config.isTied) table("head", names.head, vocabulary);
  return specs;
}
