/** Configurations of new models: sizes chosen, the rest from the architecture. */
import { type ArchitectureFacts, architectures } from "./architectures.ts";
import type { Architecture, DecoderConfig, DecoderSizes } from "./decoder-config.ts";
import { validateDecoderConfig } from "./validate.ts";

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
