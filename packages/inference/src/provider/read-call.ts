/** From the AI SDK's call to ours: messages as plain text, settings by our names, a warning for each we cannot honour. */
import {
  type JSONObject,
  type LanguageModelV4CallOptions,
  type LanguageModelV4Message,
  type SharedV4Warning,
  UnsupportedFunctionalityError,
} from "@ai-sdk/provider";
import type { ChatMessage, GenerationOptions } from "../engine/chat-engine.ts";

export interface EngineCall {
  readonly messages: readonly ChatMessage[];
  readonly options: GenerationOptions;
  readonly warnings: SharedV4Warning[];
}

/** Settings beyond the specification, under `providerOptions.myna`. The engine checks their values. */
const ownSettings = ["minP", "repetitionPenalty", "logProbabilities", "logitBias"] as const;

/** @throws {UnsupportedFunctionalityError} for images and other files, and for results of tools */
export function readCall(call: LanguageModelV4CallOptions): EngineCall {
  const warnings: SharedV4Warning[] = [];
  const messages = call.prompt.map((message) => readMessage(message, warnings));
  return { messages, options: readSettings(call, warnings), warnings };
}

function readSettings(call: LanguageModelV4CallOptions, warnings: SharedV4Warning[]): GenerationOptions {
  const unsupported = (feature: string, details?: string) =>
    warnings.push({ type: "unsupported", feature, ...(details !== undefined && { details }) });
  if (call.presencePenalty !== undefined && call.presencePenalty !== 0) {
    unsupported("presencePenalty", "use providerOptions.myna.repetitionPenalty");
  }
  if (call.frequencyPenalty !== undefined && call.frequencyPenalty !== 0) {
    unsupported("frequencyPenalty", "use providerOptions.myna.repetitionPenalty");
  }
  if (call.tools !== undefined && call.tools.length > 0) unsupported("tools");
  if (call.toolChoice !== undefined && call.toolChoice.type !== "auto" && call.toolChoice.type !== "none") {
    unsupported("toolChoice");
  }
  if (call.responseFormat?.type === "json") {
    unsupported("responseFormat", "the answer is not held to JSON; ask for it in the prompt and check what comes");
  }
  if (call.reasoning !== undefined && call.reasoning !== "provider-default" && call.reasoning !== "none") {
    unsupported("reasoning");
  }
  const own = call.providerOptions?.myna ?? {};
  for (const name of Object.keys(own)) {
    if (!ownSettings.some((known) => known === name)) unsupported(`providerOptions.myna.${name}`);
  }
  const settings: { [Name in keyof GenerationOptions]: GenerationOptions[Name] | undefined } = {
    maxTokens: call.maxOutputTokens,
    temperature: call.temperature,
    topK: call.topK,
    topP: call.topP,
    seed: call.seed,
    stop: call.stopSequences,
    ...pickOwn(own),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined && value !== null));
}

/** Typed by name only: whatever a caller wrote there, the engine refuses what is out of range. */
function pickOwn(own: JSONObject): GenerationOptions {
  return Object.fromEntries(ownSettings.map((name) => [name, own[name]]));
}

function readMessage(message: LanguageModelV4Message, warnings: SharedV4Warning[]): ChatMessage {
  if (message.role === "system") return { role: "system", content: message.content };
  if (message.role === "tool") throw new UnsupportedFunctionalityError({ functionality: "tool results" });
  const texts: string[] = [];
  for (const part of message.content) {
    if (part.type === "text") texts.push(part.text);
    else if (part.type === "file" && part.data.type === "text") texts.push(part.data.text);
    else if (part.type === "reasoning") {
      warnings.push({ type: "other", message: "reasoning of an earlier answer is left out of the prompt" });
    } else {
      const functionality = part.type === "file" ? `files of type ${part.mediaType}` : `${part.type} in a prompt`;
      throw new UnsupportedFunctionalityError({ functionality });
    }
  }
  return { role: message.role, content: texts.join("") };
}
