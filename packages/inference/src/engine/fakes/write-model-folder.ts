/** Writes a small random model with a tokenizer, as a folder that engines load. For tests. */
import { createDecoderConfig, type DecoderConfig, initialiseParameters, saveDecoder } from "@myna/models";
import { defaultChatTemplate, type Tokenizer, trainTokenizer, writeTokenizerFolder } from "@myna/tokenizer";

export interface WrittenModel {
  readonly tokenizer: Tokenizer;
  readonly config: DecoderConfig;
}

/** @param chatTemplate null for a model without one */
export async function writeModelFolder(
  folder: string,
  { seed = 1, context = 256, chatTemplate = defaultChatTemplate as string | null } = {},
): Promise<WrittenModel> {
  const texts = ["Hello there, how are you today? I am fine.", "你好，今天怎么样？我很好。"];
  const tokenizer = await trainTokenizer(texts, { vocabularySize: 300 });
  const end = tokenizer.idOf("<|endoftext|>")!;
  const config = createDecoderConfig(
    "qwen3",
    { vocabulary: tokenizer.vocabularySize, width: 64, layers: 2, heads: 4, kvHeads: 2, context },
    { specialTokens: { end } },
  );
  saveDecoder(folder, config, initialiseParameters({ ...config, initialiserRange: 0.2 }, seed));
  writeTokenizerFolder(folder, { tokenizer, ...(chatTemplate !== null && { chatTemplate }) });
  return { tokenizer, config };
}
