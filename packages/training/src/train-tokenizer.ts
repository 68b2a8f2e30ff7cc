/**
 * Stage: a tokenizer from raw text.
 *
 *   myna train-tokenizer en.jsonl.gz zh.jsonl.gz --output .myna/tokenizers/mine
 *
 * Learns which neighbouring bytes belong together: byte-level BPE over all documents, each counted once. 200 MB of text
 * take about a minute on two cores; memory grows with the number of different words, not with the text.
 */

import { defaultChatTemplate, type Tokenizer, trainTokenizer, writeTokenizerFolder } from "@myna/tokenizer";
import { nothingFound } from "./data/build-shards.ts";
import { readRecords } from "./data/read-records.ts";
import { parseSource } from "./data/source.ts";
import { listSourceFiles } from "./data/source-files.ts";
import { type DataError, explainWriteFailure, OptionError } from "./errors.ts";
import { makeFolder } from "./files/durable.ts";
import type { StageContext } from "./stage.ts";
import { announcePassing } from "./step/announce.ts";

export interface TrainTokenizerOptions {
  /** Files and folders; conversations count as text as well. */
  readonly data: readonly string[];
  /** Folder that gets tokenizer.json and tokenizer_config.json. */
  readonly output: string;
  /** Tokens, special ones included. */
  readonly vocabulary: number;
  /** Pairs seen less often are never merged. */
  readonly minimumCount: number;
  readonly skipBad: boolean;
}

/** How often a person hears of it. */
const REPORT_MS = 500;

/** @throws {DataError} for unreadable data; {TokenizerInputError} for a vocabulary too small; {DOMException} AbortError */
export async function trainTokenizerStage(options: TrainTokenizerOptions, context: StageContext): Promise<Tokenizer> {
  const started = performance.now();
  const note = (text: string) => context.emit({ type: "note", level: "info", text });
  let bad = 0;
  const read = { documents: 0, characters: 0 };
  const onBad = (error: DataError) => {
    bad += 1;
    if (bad <= 5) context.emit({ type: "note", level: "warning", text: error.message });
  };

  async function* documents(): AsyncGenerator<string> {
    for (const { path } of options.data.map(parseSource)) {
      let documents = 0;
      let empty = 0;
      const badBefore = bad;
      for (const file of await listSourceFiles(path, context.signal)) {
        const readOptions = { kinds: ["text", "conversation"] as const, signal: context.signal };
        for await (const { record } of readRecords(file, { ...readOptions, ...(options.skipBad && { onBad }) })) {
          const texts = "text" in record ? [record.text] : record.messages.map(({ content }) => content);
          read.documents += 1;
          for (const text of texts) read.characters += text.length;
          if (texts.some((text) => text !== "")) documents += 1;
          else empty += 1;
          yield* texts;
        }
      }
      if (documents === 0) throw nothingFound(path, { empty, badLines: bad - badBefore });
    }
  }

  let reported = Number.NEGATIVE_INFINITY;
  const tokenizer = await trainTokenizer(documents(), {
    vocabularySize: options.vocabulary,
    minimumCount: options.minimumCount,
    signal: context.signal,
    onProgress: (progress) => {
      if (performance.now() - reported < REPORT_MS) return;
      reported = performance.now();
      announcePassing(
        context.emit,
        progress.stage === "counting"
          ? `counting words: ${progress.documents.toLocaleString("en")} documents, ${progress.words.toLocaleString("en")} different words`
          : `merging: ${progress.tokens.toLocaleString("en")} of ${progress.ofTokens.toLocaleString("en")} tokens`,
      );
    },
  });
  if (bad > 0) note(`${bad} bad lines left out`);
  write(tokenizer, options.output);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  note(
    `${tokenizer.vocabularySize.toLocaleString("en")} tokens from ${read.documents.toLocaleString("en")} documents ` +
      `(${read.characters.toLocaleString("en")} characters) in ${seconds} s, written to ${options.output}`,
  );
  return tokenizer;
}

function write(tokenizer: Tokenizer, folder: string): void {
  try {
    makeFolder(folder);
    writeTokenizerFolder(folder, { tokenizer, chatTemplate: defaultChatTemplate });
  } catch (error) {
    const reason = explainWriteFailure(error);
    if (reason === undefined) throw error;
    throw new OptionError(
      {
        where: "--output",
        found: reason.found,
        expected: "a folder that can be written",
        fix: "name another --output",
      },
      { cause: error },
    );
  }
}
