export { checkpointFormat } from "./checkpoint/format.ts";
export { type LoadedDecoder, type LoadOptions, loadDecoder, loadDecoderConfig } from "./checkpoint/load.ts";
export { type SaveOptions, saveDecoder } from "./checkpoint/save.ts";
export { createDecoderConfig } from "./config/create-config.ts";
export type * from "./config/decoder-config.ts";
export { parseDecoderConfig } from "./config/parse-config.ts";
export { checkContext, validateDecoderConfig } from "./config/validate.ts";
export { type StoredType, writeDecoderConfig } from "./config/write-config.ts";
export { type DecoderInputs, decoder, logits } from "./decoder/decoder.ts";
export {
  type DecoderStepInputs,
  type DecoderStepResult,
  decoderStep,
  type LayerKeysValues,
} from "./decoder/decoder-step.ts";
export { initialiseParameters } from "./decoder/initialise.ts";
export { type LossOptions, nextTokenLoss, nextTokenLosses } from "./decoder/next-token-loss.ts";
export {
  decoderParameters,
  type Initialisation,
  type ParameterRole,
  type ParameterSpec,
} from "./decoder/parameters.ts";
export { rotaryFrequencies, rotaryTables } from "./decoder/rotary-tables.ts";
export * from "./errors.ts";
export { type DepthOptions, type DepthPlan, decoderForDepth } from "./plan/decoder-for-depth.ts";
export * from "./plan/plan-decoder.ts";
export type { StoredTensor } from "./safetensors/header.ts";
export { readSafetensors, SafetensorsFile } from "./safetensors/reader.ts";
export { type NamedTensors, writeSafetensors } from "./safetensors/writer.ts";
