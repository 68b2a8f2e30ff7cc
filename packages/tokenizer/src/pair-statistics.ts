/**
 * What the trainer knows about each pair of neighbouring tokens: how often it occurs and in which words. Kept in flat
 * arrays, since a training on 200 MB of text meets millions of pairs.
 */
import { grown } from "./word-table.ts";

/** Word indices per block of the occurrence lists: 16 MB. */
const BLOCK = 1 << 22;

export class PairStatistics {
  size = 0;
  lefts: Int32Array = new Int32Array(1 << 16);
  rights: Int32Array = new Int32Array(1 << 16);
  /** Occurrences in the corpus. */
  counts: Float64Array = new Float64Array(1 << 16);
  private slots = new Int32Array(1 << 18).fill(-1);
  /** Words that held the pair when its list was made; some may have lost it since. */
  private listBlocks = new Int32Array(1 << 16);
  private listStarts = new Int32Array(1 << 16);
  private listLengths = new Int32Array(1 << 16);
  private readonly blocks: Int32Array[] = [];
  private blockUsed = BLOCK;
  /** Since the last `fileOccurrences`: pairs that grew, by how many entries, and the (pair, word) entries to file. */
  private grownPairs: number[] = [];
  private addedCounts = new Int32Array(1 << 16);
  private pendingPairs = new Int32Array(1 << 12);
  private pendingWords = new Int32Array(1 << 12);
  private pending = 0;
  private lastWords = new Int32Array(1 << 16).fill(-1);

  /** Index of the pair, added with count 0 if it is new. */
  indexOf(left: number, right: number): number {
    const mask = this.slots.length - 1;
    let slot = hashPair(left, right) & mask;
    for (;;) {
      const index = this.slots[slot]!;
      if (index < 0) return this.add(left, right, slot);
      if (this.lefts[index] === left && this.rights[index] === right) return index;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds `count` occurrences of the pair in a word. */
  increase(index: number, count: number, word: number): void {
    this.counts[index]! += count;
    if (this.lastWords[index] === word) return;
    this.lastWords[index] = word;
    if (this.addedCounts[index]!++ === 0) this.grownPairs.push(index);
    if (this.pending === this.pendingPairs.length) {
      this.pendingPairs = grown(this.pendingPairs, Int32Array, 0);
      this.pendingWords = grown(this.pendingWords, Int32Array, 0);
    }
    this.pendingPairs[this.pending] = index;
    this.pendingWords[this.pending++] = word;
  }

  /**
   * Moves what `increase` gathered into the pairs' lists.
   *
   * @returns the pairs that grew, each once
   */
  fileOccurrences(): readonly number[] {
    const { grownPairs } = this;
    for (const pair of grownPairs) {
      this.makeRoom(pair, this.addedCounts[pair]!);
      this.addedCounts[pair] = 0;
      this.lastWords[pair] = -1;
    }
    for (let i = 0; i < this.pending; i++) {
      const pair = this.pendingPairs[i]!;
      const at = this.listStarts[pair]! + this.listLengths[pair]!++;
      this.blocks[this.listBlocks[pair]!]![at] = this.pendingWords[i]!;
    }
    this.pending = 0;
    this.grownPairs = [];
    return grownPairs;
  }

  /** Words that may hold the pair. */
  wordsOf(index: number): Int32Array {
    const start = this.listStarts[index]!;
    return this.blocks[this.listBlocks[index]!]!.subarray(start, start + this.listLengths[index]!);
  }

  /** A list that exists already moves to a larger place: two merges can make the same token. */
  private makeRoom(pair: number, more: number): void {
    const length = this.listLengths[pair]!;
    const old = length === 0 ? undefined : this.wordsOf(pair);
    if (this.blockUsed + length + more > (this.blocks.at(-1)?.length ?? 0)) {
      this.blocks.push(new Int32Array(Math.max(BLOCK, length + more)));
      this.blockUsed = 0;
    }
    this.listBlocks[pair] = this.blocks.length - 1;
    this.listStarts[pair] = this.blockUsed;
    if (old !== undefined) this.blocks.at(-1)!.set(old, this.blockUsed);
    this.blockUsed += length + more;
  }

  private add(left: number, right: number, slot: number): number {
    const index = this.size++;
    if (index === this.lefts.length) this.grow();
    this.lefts[index] = left;
    this.rights[index] = right;
    this.lastWords[index] = -1;
    this.slots[slot] = index;
    if (this.size * 2 > this.slots.length) this.rehash();
    return index;
  }

  private grow(): void {
    this.lefts = grown(this.lefts, Int32Array, 0);
    this.rights = grown(this.rights, Int32Array, 0);
    this.counts = grown(this.counts, Float64Array, 0);
    this.listBlocks = grown(this.listBlocks, Int32Array, 0);
    this.listStarts = grown(this.listStarts, Int32Array, 0);
    this.listLengths = grown(this.listLengths, Int32Array, 0);
    this.lastWords = grown(this.lastWords, Int32Array, 0);
    this.addedCounts = grown(this.addedCounts, Int32Array, 0);
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = hashPair(this.lefts[index]!, this.rights[index]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.slots = slots;
  }
}

function hashPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** Pairs by count, largest first; among equals the pair of smaller ids, as in Hugging Face's trainer. */
export class PairQueue {
  private readonly statistics: PairStatistics;
  private pairs: Int32Array = new Int32Array(1 << 16);
  /** The count under which each entry was filed; counts may have changed since. */
  private filed: Float64Array = new Float64Array(1 << 16);
  private size = 0;

  constructor(statistics: PairStatistics) {
    this.statistics = statistics;
  }

  push(pair: number): void {
    if (this.size === this.pairs.length) {
      this.pairs = grown(this.pairs, Int32Array, 0);
      this.filed = grown(this.filed, Float64Array, 0);
    }
    const count = this.statistics.counts[pair]!;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(pair, count, this.pairs[parent]!, this.filed[parent]!)) break;
      this.pairs[at] = this.pairs[parent]!;
      this.filed[at] = this.filed[parent]!;
      at = parent;
    }
    this.pairs[at] = pair;
    this.filed[at] = count;
  }

  /** The most frequent pair, removed; -1 if no pair occurs any more. */
  pop(): number {
    while (this.size > 0) {
      const pair = this.pairs[0]!;
      const filed = this.filed[0]!;
      this.removeTop();
      const count = this.statistics.counts[pair]!;
      if (count === filed) return pair;
      if (count > 0) this.push(pair);
    }
    return -1;
  }

  private removeTop(): void {
    const last = --this.size;
    if (last === 0) return;
    const pair = this.pairs[last]!;
    const filed = this.filed[last]!;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= last) break;
      const right = child + 1;
      if (right < last && this.isBefore(this.pairs[right]!, this.filed[right]!, this.pairs[child]!, this.filed[child]!))
        child = right;
      if (!this.isBefore(this.pairs[child]!, this.filed[child]!, pair, filed)) break;
      this.pairs[at] = this.pairs[child]!;
      this.filed[at] = this.filed[child]!;
      at = child;
    }
    this.pairs[at] = pair;
    this.filed[at] = filed;
  }

  private isBefore(pair: number, count: number, otherPair: number, otherCount: number): boolean {
    if (count !== otherCount) return count > otherCount;
    const { lefts, rights } = this.statistics;
    const difference = lefts[pair]! - lefts[otherPair]!;
    return difference !== 0 ? difference < 0 : rights[pair]! < rights[otherPair]!;
  }
}
