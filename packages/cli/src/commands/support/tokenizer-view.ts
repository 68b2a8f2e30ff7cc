// A tokenizer as `myna tokenize` sees it: text in, tokens with their bytes out.

import { findModel } from "./model-folder.ts";

export interface TokenView {
  id: number;
  /** The token's text; characters cut in half by the tokenizer appear as U+FFFD. */
  text: string;
  bytes: number[];
  isSpecial: boolean;
  /** False if the token begins or ends inside a character. */
  isWholeText: boolean;
}

export interface TokenizerView {
  split(text: string, allowSpecial: boolean): TokenView[];
}

/** @param folder with tokenizer.json; absent: the default model's */
export async function openTokenizer(folder: string | undefined, home: string): Promise<TokenizerView> {
  const { readTextFiles } = await import("@myna/training");
  const { tokenizer } = readTextFiles(folder ?? findModel("default", home).folder);
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const isWhole = (bytes: Uint8Array) => {
    try {
      utf8.decode(bytes);
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  };
  return {
    split: (text, allowSpecial) =>
      [...tokenizer.encode(text, { allowSpecial })].map((id) => {
        const { bytes, text: shown, isSpecial } = tokenizer.tokenOf(id);
        return { id, text: shown, bytes: [...bytes], isSpecial, isWholeText: isWhole(bytes) };
      }),
  };
}
