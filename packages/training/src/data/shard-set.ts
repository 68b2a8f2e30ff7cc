/** Reads a folder of shards: any piece of any document, without loading the rest. */

import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import {
  answersFile,
  documentsFile,
  documentWords,
  idsFile,
  manifestFile,
  type ShardManifest,
  shardFormat,
  shardManifestSchema,
} from "./shard-format.ts";

export class ShardSet {
  readonly folder: string;
  readonly manifest: ShardManifest;
  /** `documentWords.count` words per document. */
  readonly #entries: Uint32Array;
  readonly #files = new Map<string, number>();
  #scratch = Buffer.alloc(0);

  /** @throws {DataError} if the folder is not a complete set of this format */
  constructor(folder: string) {
    this.folder = folder;
    this.manifest = readManifest(folder);
    const bytes = this.#explained(() => readFileSync(join(folder, documentsFile)));
    this.#entries = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4).slice();
  }

  get documents(): number {
    return this.manifest.documents;
  }

  /** Ids of a document, at least 2. */
  length(document: number): number {
    return this.#entries[document * documentWords.count + documentWords.length]!;
  }

  /** UTF-8 bytes of its learnt text. */
  bytes(document: number): number {
    return this.#entries[document * documentWords.count + documentWords.bytes]!;
  }

  /** Four words that tell documents apart, evenly spread. */
  digest(document: number): Uint32Array {
    const at = document * documentWords.count + documentWords.digest;
    return this.#entries.subarray(at, at + 4);
  }

  /**
   * Copies ids [start, end) of a document into `target` from its beginning.
   *
   * @throws {DataError} if the files vanished or shrank
   */
  readIds(document: number, start: number, end: number, target: Int32Array): void {
    const { idBytes } = this.manifest;
    const bytes = this.#read(document, idsFile, start, end, idBytes);
    for (let index = 0; index < end - start; index++) {
      target[index] = idBytes === 2 ? bytes.readUInt16LE(index * 2) : bytes.readUInt32LE(index * 4);
    }
  }

  /** Copies the answer marks of ids [start, end); all 1 for plain text. @throws {DataError} as `readIds` */
  readAnswers(document: number, start: number, end: number, target: Uint8Array): void {
    if (this.manifest.kind === "text") target.fill(1, 0, end - start);
    else target.set(this.#read(document, answersFile, start, end, 1));
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  /** A view that the next read overwrites. */
  #read(document: number, name: (shard: number) => string, start: number, end: number, width: number): Buffer {
    const at = document * documentWords.count;
    const shard = this.#entries[at + documentWords.shard]!;
    const offset = (this.#entries[at + documentWords.start]! + start) * width;
    const length = (end - start) * width;
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafe(length * 2);
    const bytes = this.#scratch.subarray(0, length);
    const path = join(this.folder, name(shard));
    this.#explained(() => {
      let file = this.#files.get(path);
      if (file === undefined) {
        file = openSync(path, "r");
        this.#files.set(path, file);
      }
      let done = 0;
      while (done < length) {
        const count = readSync(file, bytes, done, length - done, offset + done);
        if (count === 0) throw damaged(path, "a file shorter than its manifest says");
        done += count;
      }
    });
    return bytes;
  }

  #explained<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (error instanceof DataError) throw error;
      throw damaged(this.folder, `shards that cannot be read (${(error as Error).message})`, error);
    }
  }
}

function readManifest(folder: string): ShardManifest {
  const path = join(folder, manifestFile);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw damaged(path, `no complete manifest (${(error as Error).message})`, error);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > shardFormat) {
    throw new DataError({
      where: path,
      found: `format ${format}`,
      expected: `at most ${shardFormat}`,
      fix: "update Myna, or set MYNA_HOME to another folder",
    });
  }
  const parsed = shardManifestSchema.safeParse(value);
  if (!parsed.success) throw damaged(path, `a manifest of another form (${parsed.error.issues[0]!.message})`);
  for (const [name, bytes] of Object.entries(parsed.data.files)) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })?.size;
    if (found !== bytes)
      throw damaged(join(folder, name), found === undefined ? "nothing" : `${found} bytes, not ${bytes}`);
  }
  return parsed.data;
}

function damaged(where: string, found: string, cause?: unknown): DataError {
  return new DataError(
    {
      where,
      found,
      expected: "the shards as they were written",
      fix: "remove that folder; it is made again from the data",
    },
    cause === undefined ? undefined : { cause },
  );
}
