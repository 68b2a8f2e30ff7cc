// A tokenizer as `myna tokenize` sees it: text in, tokens with their bytes out.

import { missingPart } from "./missing-part.ts";

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

export async function openTokenizer(_folder: string | undefined, _home: string): Promise<TokenizerView> {
  throw missingPart("the tokenizer", "@myna/tokenizer with a reader of tokenizer.json");
}
