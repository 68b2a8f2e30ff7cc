/** Datasets for tests: a token per byte, end-of-text 256, conversations as "role: content" with a mark after each turn. */

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Dataset, openDataset } from "../dataset.ts";
import { conversationDocuments, textDocuments } from "../document-encoder.ts";

export const endOfText = 256;

export const byteTexts = textDocuments({
  vocabularySize: 257,
  hash: "bytes",
  endOfTextId: endOfText,
  encode: (text) => Buffer.from(text, "utf8"),
});

/** Every turn is its content and an end mark; both are learnt where the assistant speaks. */
export const byteConversations = conversationDocuments({
  vocabularySize: 257,
  hash: "byte conversations",
  render(messages) {
    const turns = messages.map(({ role, content }) => {
      const ids = [...Buffer.from(content, "utf8"), endOfText];
      return { ids, isAnswer: ids.map(() => (role === "assistant" ? 1 : 0)) };
    });
    return { ids: turns.flatMap(({ ids }) => ids), isAnswer: turns.flatMap(({ isAnswer }) => isAnswer) };
  },
});

export interface TestSource {
  readonly records: readonly (string | readonly string[])[];
  readonly weight?: number;
  readonly maximumEpochs?: number;
}

/**
 * @param root    folder for this dataset's files
 * @param sources records that are strings become texts, lists become conversations that the user begins
 */
export function byteDataset(root: string, sources: readonly TestSource[], heldOut = 0): Promise<Dataset> {
  const home = mkdtempSync(join(root, "home-"));
  mkdirSync(join(home, "sources"));
  const written = sources.map(({ records, weight, maximumEpochs }, index) => {
    const path = join(home, "sources", `${index}.jsonl`);
    writeFileSync(path, records.map((record) => `${JSON.stringify(recordOf(record))}\n`).join(""));
    return { path, ...(weight && { weight }), ...(maximumEpochs && { maximumEpochs }) };
  });
  const isText = typeof sources[0]?.records[0] === "string";
  return openDataset({ home, sources: written, encoder: isText ? byteTexts : byteConversations, heldOut });
}

function recordOf(record: string | readonly string[]): object {
  if (typeof record === "string") return { text: record };
  return { messages: record.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content })) };
}
