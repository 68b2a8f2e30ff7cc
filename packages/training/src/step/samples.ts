/** Text that a model writes in the middle of its training, so that people see it learn. */

import { DecoderLanguageModel, generateTokens } from "@myna/inference";
import type { DecoderConfig } from "@myna/models";
import type { HostTensor } from "@myna/tensor";
import type { Tokenizer } from "@myna/tokenizer";

export interface SampleOptions {
  /** Token ids that each sample continues. */
  readonly prompts: readonly (readonly number[])[];
  readonly maxTokens: number;
  readonly endTokens: Iterable<number>;
  readonly temperature: number;
  readonly topP?: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/**
 * @param parameters of the run as they are now; read, never changed
 * @returns what the model wrote after each prompt, the prompt left out
 */
export async function writeSamples(
  config: DecoderConfig,
  parameters: Readonly<Record<string, HostTensor>>,
  tokenizer: Tokenizer,
  options: SampleOptions,
): Promise<string[]> {
  const { prompts, ...sampling } = options;
  if (prompts.length === 0) return [];
  const longest = Math.max(...prompts.map(({ length }) => length)) + options.maxTokens;
  const model = new DecoderLanguageModel({
    config,
    weights: new Map(Object.entries(parameters)),
    sequences: prompts.length,
    contextLength: Math.min(config.context, longest),
    weightsChange: true,
  });
  try {
    const rollouts = await generateTokens(model, prompts, { ...sampling, vocabularySize: tokenizer.vocabularySize });
    return rollouts.map(({ tokens }) => tokenizer.decode(tokens, { skipSpecial: true }));
  } finally {
    await model.release();
  }
}
