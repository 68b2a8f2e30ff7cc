/** Writes one folder of shards. The caller gives it a temporary folder and renames that when `finish` returned. */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncFile, syncFolder, writeNewFile } from "../files/durable.ts";
import type { EncodedDocument } from "./document-encoder.ts";
import {
  answersFile,
  documentsFile,
  documentWords,
  idsFile,
  idsPerShard,
  manifestFile,
  type ShardManifest,
  shardFormat,
} from "./shard-format.ts";

const bufferBytes = 2 ** 20;

/** Appends to a file through a buffer. */
class BufferedFile {
  readonly path: string;
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(bufferBytes);
  #used = 0;
  #written = 0;
  #isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "wx");
  }

  get bytes(): number {
    return this.#written + this.#used;
  }

  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > bufferBytes) this.#flush();
    if (bytes.length > bufferBytes) this.#writeAll(bytes);
    else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  finish(): void {
    this.#flush();
    this.close();
    syncFile(this.path);
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }

  #flush(): void {
    this.#writeAll(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(this.#file, bytes, offset);
    this.#written += bytes.length;
  }
}

export class ShardWriter {
  readonly #folder: string;
  readonly #idArray: Uint16ArrayConstructor | Uint32ArrayConstructor;
  readonly #hasAnswers: boolean;
  readonly #idsPerShard: number;
  readonly #documents: BufferedFile;
  #ids: BufferedFile;
  #answers: BufferedFile | undefined;
  #shard = 0;
  readonly #sizes: Record<string, number> = {};
  #counts = { documents: 0, tokens: 0, bytes: 0 };

  constructor(folder: string, options: { vocabularySize: number; hasAnswers: boolean; idsPerShard?: number }) {
    this.#folder = folder;
    this.#idArray = options.vocabularySize <= 2 ** 16 ? Uint16Array : Uint32Array;
    this.#hasAnswers = options.hasAnswers;
    this.#idsPerShard = options.idsPerShard ?? idsPerShard;
    this.#documents = new BufferedFile(join(folder, documentsFile));
    this.#ids = new BufferedFile(join(folder, idsFile(0)));
    if (options.hasAnswers) this.#answers = new BufferedFile(join(folder, answersFile(0)));
  }

  /** @param digest 4 words */
  add(document: EncodedDocument, digest: Uint32Array): void {
    const { ids, isAnswer, bytes } = document;
    const idBytes = this.#idArray.BYTES_PER_ELEMENT;
    if (this.#ids.bytes > 0 && this.#ids.bytes / idBytes + ids.length > this.#idsPerShard) this.#nextShard();
    const entry = new Uint32Array(documentWords.count);
    entry[documentWords.shard] = this.#shard;
    entry[documentWords.start] = this.#ids.bytes / idBytes;
    entry[documentWords.length] = ids.length;
    entry[documentWords.bytes] = bytes;
    entry.set(digest.subarray(0, 4), documentWords.digest);
    this.#documents.write(bytesOf(entry));
    this.#ids.write(bytesOf(this.#idArray.from(ids)));
    if (this.#answers !== undefined) {
      this.#answers.write(isAnswer === undefined ? new Uint8Array(ids.length).fill(1) : Uint8Array.from(isAnswer));
    }
    this.#counts.documents += 1;
    this.#counts.tokens += ids.length;
    this.#counts.bytes += bytes;
  }

  finish(
    facts: Pick<ShardManifest, "kind" | "key" | "source" | "vocabularySize" | "duplicates" | "empty" | "badLines">,
  ): void {
    this.#finishShard();
    this.#finishFile(this.#documents, documentsFile);
    const manifest: ShardManifest = {
      format: shardFormat,
      ...facts,
      ...this.#counts,
      idBytes: this.#idArray.BYTES_PER_ELEMENT as 2 | 4,
      shards: this.#shard + 1,
      files: this.#sizes,
    };
    writeNewFile(join(this.#folder, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
    syncFolder(this.#folder);
  }

  /** Gives up: closes the files. */
  abandon(): void {
    for (const file of [this.#documents, this.#ids, this.#answers]) file?.close();
  }

  #nextShard(): void {
    this.#finishShard();
    this.#shard += 1;
    this.#ids = new BufferedFile(join(this.#folder, idsFile(this.#shard)));
    if (this.#hasAnswers) this.#answers = new BufferedFile(join(this.#folder, answersFile(this.#shard)));
  }

  #finishShard(): void {
    this.#finishFile(this.#ids, idsFile(this.#shard));
    if (this.#answers !== undefined) this.#finishFile(this.#answers, answersFile(this.#shard));
  }

  #finishFile(file: BufferedFile, name: string): void {
    file.finish();
    this.#sizes[name] = file.bytes;
  }
}

function bytesOf(array: Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
