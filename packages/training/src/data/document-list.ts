/** A choice of documents out of several shard sets, numbered from 0. */

import type { ShardSet } from "./shard-set.ts";

export class DocumentList {
  readonly #sets: readonly ShardSet[];
  /** Set of each document, as an index into `#sets`. */
  readonly #setOf: Uint16Array;
  readonly #documents: Uint32Array;

  /**
   * @param setOf     set of each document, as an index into `sets`; all of the first set when absent
   * @param documents numbers inside the sets
   */
  constructor(sets: readonly ShardSet[], documents: Uint32Array, setOf = new Uint16Array(documents.length)) {
    this.#sets = sets;
    this.#setOf = setOf;
    this.#documents = documents;
  }

  get count(): number {
    return this.#documents.length;
  }

  /** Ids of a document. */
  length(index: number): number {
    return this.#set(index).length(this.#documents[index]!);
  }

  /** UTF-8 bytes of its learnt text. */
  bytes(index: number): number {
    return this.#set(index).bytes(this.#documents[index]!);
  }

  /** @throws {DataError} if the shards vanished */
  readIds(index: number, start: number, end: number, target: Int32Array): void {
    this.#set(index).readIds(this.#documents[index]!, start, end, target);
  }

  /** @throws {DataError} if the shards vanished */
  readAnswers(index: number, start: number, end: number, target: Uint8Array): void {
    this.#set(index).readAnswers(this.#documents[index]!, start, end, target);
  }

  /** Ids of all documents. */
  get tokens(): number {
    let sum = 0;
    for (let index = 0; index < this.count; index++) sum += this.length(index);
    return sum;
  }

  #set(index: number): ShardSet {
    return this.#sets[this.#setOf[index]!]!;
  }
}
