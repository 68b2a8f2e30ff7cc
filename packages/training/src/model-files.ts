/** What a model folder holds besides its weights: tokenizer and chat template, read together and copied unchanged. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultChatTemplate, renderChat, Tokenizer, templateHash } from "@myna/tokenizer";
import type { Message } from "./data/record.ts";
import { OptionError } from "./errors.ts";

export interface TextFiles {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string;
  readonly templateHash: string;
  /** Marks the end of a document and separates documents. */
  readonly endOfTextId: number;
  /** Ends a turn in the chat template. */
  readonly endOfTurnId: number;
  /** tokenizer.json and tokenizer_config.json as they were found. */
  readonly texts: Readonly<Record<string, string>>;
}

const names = ["tokenizer.json", "tokenizer_config.json"] as const;
/** In the order of preference; GPT-2, Qwen and our own call it endoftext, Llama otherwise. */
const endOfTextTokens = ["<|endoftext|>", "<|end_of_text|>", "</s>"];

/** @throws {OptionError | TokenizerError} if the folder has no tokenizer, or one without an end-of-text token */
export function readTextFiles(folder: string): TextFiles {
  const path = join(folder, "tokenizer.json");
  if (!existsSync(path)) {
    throw new OptionError({
      where: `tokenizer ${folder}`,
      found: "no tokenizer.json",
      expected: "a folder that holds one",
      fix: `make it with: myna train-tokenizer YOUR_TEXT --output ${folder}`,
    });
  }
  const texts = Object.fromEntries(
    names
      .filter((name) => existsSync(join(folder, name)))
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );
  const tokenizer = Tokenizer.fromJson(texts["tokenizer.json"]!);
  const settings = parseSettings(texts["tokenizer_config.json"], folder);
  const chatTemplate = typeof settings.chat_template === "string" ? settings.chat_template : defaultChatTemplate;
  const endOfTextId = endOfTextTokens.map((token) => tokenizer.idOf(token)).find((id) => id !== undefined);
  if (endOfTextId === undefined) {
    throw new OptionError({
      where: path,
      found: "no end-of-text token",
      expected: `one of ${endOfTextTokens.join(", ")}`,
      fix: "use a tokenizer made by myna train-tokenizer, or that of a published model",
    });
  }
  return {
    tokenizer,
    chatTemplate,
    templateHash: templateHash(chatTemplate),
    endOfTextId,
    endOfTurnId: tokenizer.idOf("<|im_end|>") ?? endOfTextId,
    texts,
  };
}

function parseSettings(text: string | undefined, folder: string): Record<string, unknown> {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new OptionError(
      {
        where: join(folder, "tokenizer_config.json"),
        found: "something that is not JSON",
        expected: "a tokenizer_config.json",
        fix: "copy it again from where it came from",
      },
      { cause: error },
    );
  }
}

/** Renders conversations as serving does, for `conversationDocuments`. */
export function conversationRenderer(files: TextFiles) {
  const { tokenizer, chatTemplate } = files;
  return {
    vocabularySize: tokenizer.vocabularySize,
    hash: `${tokenizer.hash} ${files.templateHash}`,
    render: (messages: readonly Message[]) => renderChat({ tokenizer, template: chatTemplate, messages }),
  };
}

/** Token ids of one question, ready to be answered. */
export function promptOf({ tokenizer, chatTemplate }: TextFiles, question: string): number[] {
  const messages = [{ role: "user", content: question }];
  return [...renderChat({ tokenizer, template: chatTemplate, messages, addGenerationPrompt: true }).ids];
}
