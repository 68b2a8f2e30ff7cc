/** The training steps that benchmarks time: two decoders in three sizes. bench/peers/train_step.py holds their twins. */

import { createDecoderConfig, type DecoderConfig } from "@myna/models";

export interface StepShape {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly time: number;
  readonly batch: number;
  readonly vocabulary: number;
}

export const shapes = {
  a: { layers: 4, width: 128, heads: 4, time: 64, batch: 12, vocabulary: 65 },
  b: { layers: 6, width: 384, heads: 6, time: 256, batch: 8, vocabulary: 8192 },
  c: { layers: 8, width: 512, heads: 8, time: 512, batch: 4, vocabulary: 16384 },
} as const satisfies Record<string, StepShape>;

export const styles = ["qwen3", "gpt2"] as const;
export type Style = (typeof styles)[number];

/** MLP of three widths and half as many key/value heads, as Qwen3-0.6B has; GPT-2 has four widths and one for each head. */
export function configOf(style: Style, { layers, width, heads, time, vocabulary }: StepShape): DecoderConfig {
  const kvHeads = style === "qwen3" ? heads / 2 : heads;
  const mlpWidth = (style === "qwen3" ? 3 : 4) * width;
  return createDecoderConfig(style, { vocabulary, width, layers, heads, kvHeads, mlpWidth, context: time });
}
