/**
 * A ladder of models from one number, as nanochat's depth dial: everything that must grow together does. Nothing here is
 * tuned for a machine; the micro-batch is.
 */
import { createDecoderConfig } from "../config/create-config.ts";
import type { DecoderConfig, SpecialTokenIds } from "../config/decoder-config.ts";
import { ConfigError } from "../errors.ts";
import { countParameters } from "./plan-decoder.ts";

export interface DepthOptions {
  readonly vocabulary: number;
  /** Longest sequence, in tokens. Default 512 */
  readonly context?: number;
  /** Sizes that the rule would choose otherwise. */
  readonly width?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly mlpWidth?: number;
  readonly isTied?: boolean;
  /** Token budget that the rule would choose otherwise; the batch follows it. */
  readonly tokens?: number;
  readonly specialTokens?: SpecialTokenIds;
}

export interface DepthPlan {
  readonly config: DecoderConfig;
  /** Highest learning rate of AdamW. */
  readonly learningRate: number;
  /** Tokens of one optimiser step, a power of two. */
  readonly batchTokens: number;
  /** Tokens of the whole run. */
  readonly tokens: number;
  /** tokens / batchTokens, rounded up. */
  readonly steps: number;
}

const headDim = 64;
const channelsPerLayer = 64;
const tokensPerParameter = 20;

/** The smallest model of GPT-3's Table 2.1; its models from 1.3 to 13 billion parameters keep to 1/width within 13 %. */
const referenceRate = { width: 768, learningRate: 6e-4 };
const largestRate = 3e-3;

/** Half of nanochat's 2¹⁹ for 12 layers, which was measured with Muon: that bears larger batches than AdamW (arXiv:2505.02222). */
const referenceBatch = { layers: 12, tokens: 2 ** 18 };
const batchExponent = 0.383;

/**
 * The rule, number by number:
 *
 * - layers = depth; width = 64 · depth, rounded up to whole 128s (nanochat's aspect ratio; 6 layers are 384 wide, 8 are 512).
 * - heads of 64 channels, two for each key/value head (Ainslie et al. 2023, arXiv:2305.13245).
 * - MLP of 8/3 widths in whole 64s (Shazeer 2020, arXiv:2002.05202).
 * - learning rate = 6e-4 · 768 / width, at most 3e-3: the 1/width of hidden matrices under Adam in maximal update
 *   parametrisation (Yang et al. 2022, arXiv:2203.03466), which GPT-3's rates follow (Brown et al. 2020,
 *   arXiv:2005.14165, Table 2.1).
 * - tokens = 20 for each parameter (Hoffmann et al. 2022, arXiv:2203.15556).
 * - tokens per step = 2¹⁸ · (tokens / those of 12 layers)^0.383, to the nearest power of two and at least one sequence
 *   (Bergsma et al. 2025, arXiv:2505.13738).
 *
 * @param depth layers, 1 to 200
 * @throws {ConfigError} if depth or a given size does not fit
 */
export function decoderForDepth(depth: number, options: DepthOptions): DepthPlan {
  if (!Number.isInteger(depth) || depth < 1 || depth > 200) {
    throw new ConfigError({
      where: "depth",
      found: `${depth}`,
      expected: "a whole number of layers from 1 to 200",
      fix: "use 4 for minutes on a laptop, 6 to 8 for a night, 12 and more for a GPU",
    });
  }
  const config = configForDepth(depth, options);
  const tokens = options.tokens ?? tokensPerParameter * countParameters(config).total;
  const batchTokens = batchTokensFor(tokens, config);
  return {
    config,
    learningRate: Math.min(largestRate, (referenceRate.learningRate * referenceRate.width) / config.width),
    batchTokens,
    tokens,
    steps: Math.ceil(tokens / batchTokens),
  };
}

function configForDepth(depth: number, options: DepthOptions): DecoderConfig {
  const width = options.width ?? Math.ceil((channelsPerLayer * depth) / 128) * 128;
  // The rule's width gives an even number of heads. A width of one's own may not: it keeps whole heads, and pairs of
  // them share keys and values where they can.
  const heads = options.heads ?? Math.max(1, Math.round(width / headDim));
  const kvHeads = options.kvHeads ?? (heads % 2 === 0 ? heads / 2 : heads);
  return createDecoderConfig(
    "qwen3",
    {
      vocabulary: options.vocabulary,
      width,
      layers: depth,
      heads,
      kvHeads,
      // Heads of one's own divide the width among them.
      ...(options.heads === undefined && { headDim }),
      ...(options.mlpWidth !== undefined && { mlpWidth: options.mlpWidth }),
      context: options.context ?? 512,
    },
    {
      ...(options.isTied !== undefined && { isTied: options.isTied }),
      ...(options.specialTokens !== undefined && { specialTokens: options.specialTokens }),
    },
  );
}

function batchTokensFor(tokens: number, { vocabulary, context }: DecoderConfig): number {
  const reference = countParameters(configForDepth(referenceBatch.layers, { vocabulary, context })).total;
  const share = tokens / (tokensPerParameter * reference);
  const ideal = referenceBatch.tokens * share ** batchExponent;
  return Math.max(2 ** Math.round(Math.log2(ideal)), 2 ** Math.ceil(Math.log2(context)));
}
