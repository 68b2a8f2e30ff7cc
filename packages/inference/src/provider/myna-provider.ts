/** The AI SDK's provider over one engine: `streamText({ model: createMynaProvider(engine)("my-model") })`. */
import { type LanguageModelV4, NoSuchModelError, type ProviderV4 } from "@ai-sdk/provider";
import type { ChatEngine } from "../engine/chat-engine.ts";
import { EngineLanguageModel } from "./engine-language-model.ts";

export interface MynaProvider extends ProviderV4 {
  /** @throws {NoSuchModelError} unless the id is the engine's model; without an id it is that model */
  (modelId?: string): LanguageModelV4;
}

export function createMynaProvider(engine: ChatEngine): MynaProvider {
  const languageModel = (modelId: string = engine.model.id): LanguageModelV4 => {
    if (modelId === engine.model.id) return new EngineLanguageModel(engine);
    throw new NoSuchModelError({
      modelId,
      modelType: "languageModel",
      message: `model: found "${modelId}"; expected "${engine.model.id}", the one that is loaded. To fix: ask for that one.`,
    });
  };
  const refuse = (modelType: "embeddingModel" | "imageModel") => (modelId: string) => {
    throw new NoSuchModelError({ modelId, modelType });
  };
  return Object.assign((modelId?: string) => languageModel(modelId), {
    specificationVersion: "v4" as const,
    languageModel,
    embeddingModel: refuse("embeddingModel"),
    imageModel: refuse("imageModel"),
  });
}
