/** Byte-level BPE: training, tokenizer.json, text to ids and back; conversations to ids by chat templates. */
export type { AllowSpecial } from "./added-tokens.ts";
export { defaultChatTemplate } from "./chat-template/default-template.ts";
export {
  type ChatMessage,
  type RenderChatOptions,
  type RenderedChat,
  renderChat,
} from "./chat-template/render-chat.ts";
export { templateHash } from "./chat-template/template.ts";
export { defaultPattern, defaultPreTokenizer, defaultSpecialTokens, type SpecialTokenOption } from "./defaults.ts";
export {
  ChatTemplateError,
  type ErrorDetails,
  TokenizerError,
  TokenizerFormatError,
  TokenizerInputError,
  UnsupportedTokenizerError,
} from "./errors.ts";
export type { StreamDecoder } from "./stream-decoder.ts";
export { type EncodeOptions, type TokenInformation, Tokenizer } from "./tokenizer.ts";
export {
  defaultTokenizerConfig,
  readTokenizerConfig,
  type TokenizerConfig,
  templateVariables,
  writeTokenizerConfig,
} from "./tokenizer-config.ts";
export {
  readTokenizerFolder,
  type TokenizerFolder,
  type WriteTokenizerFolderOptions,
  writeTokenizerFolder,
} from "./tokenizer-folder.ts";
export type { TokenizerDefinition } from "./tokenizer-json.ts";
export { type TrainingProgress, type TrainOptions, trainTokenizer } from "./train.ts";
