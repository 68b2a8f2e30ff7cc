/** Document encoders over the real tokenizer and the one chat renderer. */

import { renderChat, type Tokenizer, templateHash } from "@myna/tokenizer";
import { OptionError } from "../errors.ts";
import {
  type ConversationDocumentEncoder,
  conversationDocuments,
  type TextDocumentEncoder,
  textDocuments,
} from "./document-encoder.ts";

/** End-of-text marks of the tokenizers that people have, in the order of preference. */
const endOfTextTokens = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"];

/** @throws {OptionError} if the tokenizer has none of the known marks */
export function endOfTextId(tokenizer: Tokenizer): number {
  for (const content of endOfTextTokens) {
    const id = tokenizer.specialTokens.get(content);
    if (id !== undefined) return id;
  }
  throw new OptionError({
    where: "tokenizer",
    found: `the control tokens ${[...tokenizer.specialTokens.keys()].slice(0, 10).join(" ") || "none"}`,
    expected: `one of ${endOfTextTokens.join(" ")}`,
    fix: "train a tokenizer with myna train-tokenizer, which has one",
  });
}

/** Texts for pretraining; see `textDocuments`. @throws {OptionError} as `endOfTextId` */
export function tokenizerTexts(tokenizer: Tokenizer): TextDocumentEncoder {
  return textDocuments({
    vocabularySize: tokenizer.vocabularySize,
    hash: tokenizer.hash,
    endOfTextId: endOfTextId(tokenizer),
    encode: (text) => tokenizer.encode(text),
  });
}

/**
 * Conversations for supervised fine-tuning, rendered as serving renders them; see `conversationDocuments`.
 *
 * @param template Jinja source of the chat template
 * @throws {ChatTemplateError} from `encode`, for a conversation that the template refuses
 */
export function tokenizerConversations(tokenizer: Tokenizer, template: string): ConversationDocumentEncoder {
  return conversationDocuments({
    vocabularySize: tokenizer.vocabularySize,
    hash: `${tokenizer.hash} ${templateHash(template)}`,
    render: (messages) => renderChat({ tokenizer, template, messages }),
  });
}
