export * from "./engine/chat-engine.ts";
export { checkMessages, defaultSampling, resolveOptions } from "./engine/generation-options.ts";
export * from "./errors.ts";
export { createMynaProvider, type MynaProvider } from "./provider/myna-provider.ts";
