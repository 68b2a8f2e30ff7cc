/**
 * Byte-pair encoding of one word: which pairs of tokens merge, in which order, and the merging itself.
 *
 * @see Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units", arXiv:1508.07909
 */

/** Rank of a pair that does not merge. */
const NEVER = 0x7fffffff;

/** Above this length the pairs wait in a heap: n log n instead of n². */
const LONGEST_SCANNED = 96;

/** Pairs of token ids in an open-addressing table: looked up a few times for every new word, so no strings and no Map. */
export class MergeTable {
  private readonly mask: number;
  private readonly lefts: Int32Array;
  private readonly rights: Int32Array;
  private readonly ranks: Int32Array;
  private readonly results: Int32Array;
  /** What the last `rankOf` that found a pair merges to. */
  private result = 0;

  /**
   * @param lefts   left token id of each merge, in order of rank
   * @param rights  right token id of each merge
   * @param results id of the merged token; a pair listed twice keeps its later rank, as in Hugging Face's reader
   */
  constructor(lefts: Int32Array, rights: Int32Array, results: Int32Array) {
    let capacity = 16;
    while (capacity < lefts.length * 2) capacity *= 2;
    this.mask = capacity - 1;
    this.lefts = new Int32Array(capacity).fill(-1);
    this.rights = new Int32Array(capacity);
    this.ranks = new Int32Array(capacity);
    this.results = new Int32Array(capacity);
    for (let rank = 0; rank < lefts.length; rank++) {
      const left = lefts[rank]!;
      const right = rights[rank]!;
      let slot = hashPair(left, right) & this.mask;
      while (this.lefts[slot] !== -1 && (this.lefts[slot] !== left || this.rights[slot] !== right))
        slot = (slot + 1) & this.mask;
      this.lefts[slot] = left;
      this.rights[slot] = right;
      this.ranks[slot] = rank;
      this.results[slot] = results[rank]!;
    }
  }

  private rankOf(left: number, right: number): number {
    let slot = hashPair(left, right) & this.mask;
    for (;;) {
      const found = this.lefts[slot]!;
      if (found === -1) return NEVER;
      if (found === left && this.rights[slot] === right) {
        this.result = this.results[slot]!;
        return this.ranks[slot]!;
      }
      slot = (slot + 1) & this.mask;
    }
  }

  /**
   * Merges ids[0, length) in place, lowest rank first, leftmost first among equals.
   *
   * @param ids one token per byte
   * @returns the new length
   */
  merge(ids: Int32Array, length: number): number {
    return length <= LONGEST_SCANNED ? this.mergeByScanning(ids, length) : this.mergeByHeap(ids, length);
  }

  private readonly scannedRanks = new Int32Array(LONGEST_SCANNED);

  private mergeByScanning(ids: Int32Array, wordLength: number): number {
    const ranks = this.scannedRanks;
    let length = wordLength;
    for (let i = 0; i + 1 < length; i++) ranks[i] = this.rankOf(ids[i]!, ids[i + 1]!);
    while (length > 1) {
      let best = NEVER;
      let at = -1;
      for (let i = 0; i + 1 < length; i++) {
        if (ranks[i]! < best) {
          best = ranks[i]!;
          at = i;
        }
      }
      if (at < 0) break;
      this.rankOf(ids[at]!, ids[at + 1]!);
      ids[at] = this.result;
      length--;
      for (let i = at + 1; i < length; i++) {
        ids[i] = ids[i + 1]!;
        ranks[i] = ranks[i + 1]!;
      }
      if (at > 0) ranks[at - 1] = this.rankOf(ids[at - 1]!, ids[at]!);
      if (at + 1 < length) ranks[at] = this.rankOf(ids[at]!, ids[at + 1]!);
    }
    return length;
  }

  private mergeByHeap(ids: Int32Array, length: number): number {
    const next = Int32Array.from({ length }, (_, i) => i + 1);
    const previous = Int32Array.from({ length }, (_, i) => i - 1);
    const heap = new RankHeap();
    const offer = (left: number): void => {
      const right = next[left]!;
      if (right >= length) return;
      const rank = this.rankOf(ids[left]!, ids[right]!);
      if (rank !== NEVER) heap.push(rank, left);
    };
    for (let i = 0; i + 1 < length; i++) offer(i);
    while (heap.size > 0) {
      const rank = heap.topRank();
      const left = heap.pop();
      const right = next[left]!;
      // Entries go stale when a neighbour merges; a stale one no longer has the rank it was filed under.
      if (ids[left] === -1 || right >= length || this.rankOf(ids[left]!, ids[right]!) !== rank) continue;
      ids[left] = this.result;
      ids[right] = -1;
      next[left] = next[right]!;
      if (next[left]! < length) previous[next[left]!] = left;
      if (previous[left]! >= 0) offer(previous[left]!);
      offer(left);
    }
    let kept = 0;
    for (let i = 0; i < length; i = next[i]!) ids[kept++] = ids[i]!;
    return kept;
  }
}

function hashPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

/** Binary heap of (rank, position), smallest rank and then smallest position first. */
class RankHeap {
  // One float per entry: rank · 2²⁹ + position orders as (rank, position) does, exactly below 2⁵³.
  private readonly keys: number[] = [];

  get size(): number {
    return this.keys.length;
  }

  topRank(): number {
    return Math.floor(this.keys[0]! / 0x20000000);
  }

  push(rank: number, position: number): void {
    const { keys } = this;
    const key = rank * 0x20000000 + position;
    let at = keys.push(key) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  /** Removes the smallest entry and returns its position. */
  pop(): number {
    const { keys } = this;
    const smallest = keys[0]!;
    const last = keys.pop()!;
    const { length } = keys;
    if (length > 0) {
      let at = 0;
      for (;;) {
        let child = at * 2 + 1;
        if (child >= length) break;
        if (child + 1 < length && keys[child + 1]! < keys[child]!) child++;
        if (keys[child]! >= last) break;
        keys[at] = keys[child]!;
        at = child;
      }
      keys[at] = last;
    }
    return smallest % 0x20000000;
  }
}
