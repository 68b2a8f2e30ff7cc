/**
 * How tokenised documents lie on disk. One folder per source and tokenizer, MYNA_HOME/data/KEY:
 *
 *   manifest.json      counts, and the size of every file; written last
 *   documents.bin      8 unsigned 32-bit words per document, see `documentWords`
 *   ids-00000.bin …    token ids, unsigned 16-bit if the vocabulary fits, else 32-bit
 *   answers-00000.bin  one byte per id, 1 on the assistant's; conversations only
 *
 * All numbers are little-endian. A document lies within one shard.
 */

import * as z from "zod";

/** Rises when older versions could not read what is written. */
export const shardFormat = 1;

/** Words of a document's entry: where it lies, how long it is, and the digest that decides about duplicates and held-out. */
export const documentWords = { shard: 0, start: 1, length: 2, bytes: 3, digest: 4, count: 8 } as const;

/** Ids per shard; a longer document gets a shard of its own. */
export const idsPerShard = 2 ** 26;

export const shardManifestSchema = z.object({
  format: z.int(),
  kind: z.enum(["text", "conversation"]),
  key: z.string(),
  /** The source as it was named, for people. */
  source: z.string(),
  idBytes: z.union([z.literal(2), z.literal(4)]),
  vocabularySize: z.int(),
  documents: z.int(),
  tokens: z.int(),
  /** Of the learnt text. */
  bytes: z.int(),
  /** Exact copies of earlier documents, left out. */
  duplicates: z.int(),
  /** Records without a text. */
  empty: z.int(),
  /** Bad lines left out with --skip-bad. */
  badLines: z.int(),
  shards: z.int(),
  files: z.record(z.string(), z.int()),
});

export type ShardManifest = z.infer<typeof shardManifestSchema>;

export const documentsFile = "documents.bin";
export const manifestFile = "manifest.json";
export const idsFile = (shard: number): string => `ids-${String(shard).padStart(5, "0")}.bin`;
export const answersFile = (shard: number): string => `answers-${String(shard).padStart(5, "0")}.bin`;
