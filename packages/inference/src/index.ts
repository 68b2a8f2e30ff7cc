export * from "./engine/chat-engine.ts";
export { checkMessages, defaultSampling, resolveOptions } from "./engine/generation-options.ts";
export * from "./errors.ts";
export { DecoderLanguageModel, type DecoderLanguageModelOptions } from "./model/decoder-language-model.ts";
export type { LanguageModel, NextToken, PrefillOptions } from "./model/language-model.ts";
export { createMynaProvider, type MynaProvider } from "./provider/myna-provider.ts";
export { generateTokens, type Rollout, type RolloutOptions } from "./rollout.ts";
