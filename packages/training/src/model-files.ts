/** What a model folder holds besides its weights: tokenizer and chat template, read together and copied unchanged. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  defaultChatTemplate,
  readTokenizerFolder,
  renderChat,
  type Tokenizer,
  templateHash,
  templateVariables,
} from "@myna/tokenizer";
import type { Message } from "./data/record.ts";
import { OptionError } from "./errors.ts";

export interface TextFiles {
  readonly tokenizer: Tokenizer;
  readonly chatTemplate: string;
  readonly templateHash: string;
  /** bos_token and such, which a template may read. */
  readonly variables: Readonly<Record<string, string>>;
  /** Marks the end of a document and separates documents. */
  readonly endOfTextId: number;
  /** Ends a turn in the chat template. */
  readonly endOfTurnId: number;
  /** Files as they were found, by name, for checkpoints. */
  readonly texts: Readonly<Record<string, string>>;
}

const names = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"] as const;
/** In the order of preference; GPT-2, Qwen and our own call it endoftext, Llama otherwise. */
const endOfTextTokens = ["<|endoftext|>", "<|end_of_text|>", "</s>"];

/**
 * A tokenizer without a chat template gets Myna's own, which its end-of-turn tokens must be able to write.
 *
 * @throws {OptionError | TokenizerError} if the folder has no tokenizer, or one without an end-of-text token
 */
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
  const { tokenizer, config } = readTokenizerFolder(folder);
  const endOfTextId = endOfTextTokens.map((token) => tokenizer.idOf(token)).find((id) => id !== undefined);
  if (endOfTextId === undefined) {
    throw new OptionError({
      where: path,
      found: "no end-of-text token",
      expected: `one of ${endOfTextTokens.join(", ")}`,
      fix: "use a tokenizer made by myna train-tokenizer, or that of a published model",
    });
  }
  const chatTemplate = config.chatTemplate ?? defaultChatTemplate;
  const endOfTurn = config.eosToken === undefined ? undefined : tokenizer.idOf(config.eosToken);
  return {
    tokenizer,
    chatTemplate,
    templateHash: templateHash(chatTemplate),
    variables: templateVariables(config),
    endOfTextId,
    endOfTurnId: tokenizer.idOf("<|im_end|>") ?? endOfTurn ?? endOfTextId,
    texts: {
      // Serving must find the template that is trained with.
      ...(config.chatTemplate === undefined && { "chat_template.jinja": defaultChatTemplate }),
      ...Object.fromEntries(
        names
          .filter((name) => existsSync(join(folder, name)))
          .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
      ),
    },
  };
}

/** Renders conversations as serving does, for `conversationDocuments`. */
export function conversationRenderer(files: TextFiles) {
  const { tokenizer, chatTemplate: template, variables } = files;
  return {
    vocabularySize: tokenizer.vocabularySize,
    hash: `${tokenizer.hash} ${files.templateHash} ${JSON.stringify(variables)}`,
    render: (messages: readonly Message[]) => renderChat({ tokenizer, template, messages, variables }),
  };
}

/** Token ids of one question, ready to be answered. */
export function promptOf({ tokenizer, chatTemplate, variables }: TextFiles, question: string): number[] {
  const messages = [{ role: "user", content: question }];
  const { ids } = renderChat({ tokenizer, template: chatTemplate, messages, variables, addGenerationPrompt: true });
  return [...ids];
}
