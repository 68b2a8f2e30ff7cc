/** Tokenises a source once: finds its shards under MYNA_HOME/data, or makes them. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataError, explainWriteFailure, systemErrorCode } from "../errors.ts";
import { syncFolder } from "../files/durable.ts";
import { DigestSet } from "./digest-set.ts";
import type { DocumentEncoder, EncodedDocument } from "./document-encoder.ts";
import { defaultDocumentBytes, type LocatedRecord, readRecords } from "./read-records.ts";
import { shardFormat } from "./shard-format.ts";
import { ShardSet } from "./shard-set.ts";
import { ShardWriter } from "./shard-writer.ts";
import { listSourceFiles, type SourceFile } from "./source-files.ts";

export interface ShardProgress {
  /** The source as it was named. */
  readonly source: string;
  /** Bytes read from the disk, of `bytes` in all. */
  readonly bytesRead: number;
  readonly bytes: number;
  readonly documents: number;
  readonly tokens: number;
}

export interface BuildShardsOptions {
  /** Absolute path of MYNA_HOME. */
  readonly home: string;
  /** A file or folder. */
  readonly path: string;
  readonly encoder: DocumentEncoder;
  /** Leaves bad lines out and counts them. Default false: the first one is thrown. */
  readonly skipBad?: boolean;
  /** As `readRecords`. */
  readonly documentBytes?: number;
  readonly maximumLineBytes?: number;
  readonly signal?: AbortSignal;
  /** Called a few times per second of work at most. */
  readonly onProgress?: (progress: ShardProgress) => void;
  /** Told of every bad line that is left out. */
  readonly onBad?: (error: DataError) => void;
}

/** Temporary folders that this process is filling. */
const inProgress = new Set<string>();
let builds = 0;

/** The event loop gets a turn, and the listener a report, after so many documents. */
const documentsPerTurn = 256;

/**
 * Shards of a source. Made only if the same bytes have not been tokenised by the same encoder before; a process killed
 * meanwhile leaves nothing that is taken for shards.
 *
 * @throws {DataError} for a bad line, a source without documents, a full disk, or a file that changes while it is read
 * @throws {DOMException} named AbortError
 */
export async function buildShards(options: BuildShardsOptions): Promise<ShardSet> {
  const files = await listSourceFiles(options.path, options.signal);
  const key = shardKey(files, options);
  const root = join(options.home, "data");
  const folder = join(root, key);
  const existing = openExisting(folder);
  if (existing !== undefined) return existing;
  const temporary = join(root, `.${key}.${process.pid}.${++builds}`);
  inProgress.add(temporary);
  try {
    mkdirSync(root, { recursive: true });
    removeLeftovers(root, key);
    mkdirSync(temporary);
    await writeShards(temporary, key, files, options);
    moveIntoPlace(temporary, folder);
    syncFolder(root);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw explainFailure(root, error);
  } finally {
    inProgress.delete(temporary);
  }
  return new ShardSet(folder);
}

/** Of everything that decides the shards' contents: bytes and order of the files, tokenizer, template, options. */
function shardKey(files: readonly SourceFile[], options: BuildShardsOptions): string {
  const facts = {
    format: shardFormat,
    encoder: options.encoder.hash,
    files: files.map(({ format, compression, sha256 }) => [format, compression, sha256]),
    skipBad: options.skipBad ?? false,
    documentBytes: options.documentBytes ?? defaultDocumentBytes,
    maximumLineBytes: options.maximumLineBytes ?? null,
  };
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
}

/** Undefined when there is none; a damaged one is removed, because it can be made again. */
function openExisting(folder: string): ShardSet | undefined {
  if (!existsSync(folder)) return undefined;
  try {
    return new ShardSet(folder);
  } catch (error) {
    if (!(error instanceof DataError) || error.details.found.startsWith("format ")) throw error;
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}

async function writeShards(
  folder: string,
  key: string,
  files: readonly SourceFile[],
  options: BuildShardsOptions,
): Promise<void> {
  const { encoder, path, signal } = options;
  const writer = new ShardWriter(folder, {
    vocabularySize: encoder.vocabularySize,
    hasAnswers: encoder.kind === "conversation",
  });
  const seen = new DigestSet();
  const counts = { documents: 0, tokens: 0, duplicates: 0, empty: 0, badLines: 0 };
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let bytesBefore = 0;
  let bytesRead = 0;
  const report = () => {
    const { documents, tokens } = counts;
    options.onProgress?.({ source: path, bytesRead: bytesBefore + bytesRead, bytes, documents, tokens });
  };
  const leaveOut = (error: DataError) => {
    counts.badLines += 1;
    options.onBad?.(error);
  };
  try {
    for (const file of files) {
      bytesRead = 0;
      const records = readRecords(file, {
        kinds: [encoder.kind],
        onBad: options.skipBad ? leaveOut : undefined,
        maximumLineBytes: options.maximumLineBytes,
        documentBytes: options.documentBytes,
        signal,
        onBytes: (count) => {
          bytesRead = count;
        },
      });
      for await (const located of records) {
        const digest = digestOf(located);
        if (!seen.add(digest)) {
          counts.duplicates += 1;
          continue;
        }
        const document = encodeOrExplain(located, encoder, options.skipBad ? leaveOut : undefined);
        if (document === undefined) continue;
        // A document of one id has nothing to predict.
        if (document.ids.length < 2 || document.bytes === 0) {
          counts.empty += 1;
          continue;
        }
        writer.add(document, digest);
        counts.documents += 1;
        counts.tokens += document.ids.length;
        if (counts.documents % documentsPerTurn !== 0) continue;
        report();
        await nextTurn();
        signal?.throwIfAborted();
      }
      bytesBefore += file.bytes;
    }
    if (counts.documents === 0) throw nothingFound(path, counts);
  } catch (error) {
    writer.abandon();
    throw error;
  }
  bytesRead = 0;
  report();
  const { duplicates, empty, badLines } = counts;
  const { kind, vocabularySize } = encoder;
  writer.finish({ kind, key, source: path, vocabularySize, duplicates, empty, badLines });
}

/** Digest of what a document says, whatever file or format it came in. */
function digestOf({ record }: LocatedRecord<"text" | "conversation">): Uint32Array {
  const content =
    "text" in record ? record.text : JSON.stringify(record.messages.map((turn) => [turn.role, turn.content]));
  const digest = createHash("sha256").update(content).digest();
  return Uint32Array.from({ length: 4 }, (_, word) => digest.readUInt32LE(word * 4));
}

/** A template may refuse a conversation (two answers in a row): that is a bad line as well. */
function encodeOrExplain(
  located: LocatedRecord<"text" | "conversation">,
  encoder: DocumentEncoder,
  onBad: ((error: DataError) => void) | undefined,
): EncodedDocument | undefined {
  try {
    return encoder.kind === "text"
      ? encoder.encode(located.record as LocatedRecord<"text">["record"])
      : encoder.encode(located.record as LocatedRecord<"conversation">["record"]);
  } catch (error) {
    if (!(error instanceof Error && "isUserError" in error)) throw error;
    const bad = new DataError(
      {
        where: `${located.file}:${located.line}`,
        found: `a record that cannot be tokenised (${error.message})`,
        expected: "one that tokenizer and chat template accept",
        fix: "correct the line, or pass --skip-bad to leave such lines out",
      },
      { cause: error },
    );
    if (onBad === undefined) throw bad;
    onBad(bad);
    return undefined;
  }
}

/** A source from which no document came. */
export function nothingFound(path: string, counts: { empty: number; badLines: number }): DataError {
  const reasons = [
    ...(counts.empty > 0 ? [`${counts.empty} records without text`] : []),
    ...(counts.badLines > 0 ? [`${counts.badLines} bad lines`] : []),
  ];
  return new DataError({
    where: path,
    found: reasons.length === 0 ? "nothing: it is empty" : `${reasons.join(" and ")}, and nothing else`,
    expected: "at least one document",
    fix: "name another file or folder",
  });
}

/** Another process may have finished the same shards meanwhile; they are the same bytes, so they stay. */
function moveIntoPlace(temporary: string, folder: string): void {
  try {
    renameSync(temporary, folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "EPERM") throw error;
    if (!existsSync(folder)) throw error;
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Removes temporary folders of this key that nobody fills any more. */
function removeLeftovers(root: string, key: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(`.${key}.`)) continue;
    const path = join(root, name);
    const pid = Number(name.slice(key.length + 2).split(".")[0]);
    const isFilled = pid === process.pid ? inProgress.has(path) : isAlive(pid);
    if (!isFilled) rmSync(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== "ESRCH";
  }
}

function explainFailure(where: string, error: unknown): unknown {
  const reason = error instanceof DataError ? undefined : explainWriteFailure(error);
  if (reason === undefined) return error;
  return new DataError(
    { where, found: reason.found, expected: "room for the tokenised data", fix: reason.fix },
    { cause: error },
  );
}
