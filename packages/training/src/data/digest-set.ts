/** A set of 128-bit digests in flat memory: what JavaScript's Set would hold in ten times the space. */

const wordsPerDigest = 4;

export class DigestSet {
  #words = new Uint32Array(wordsPerDigest * 1024);
  #isUsed = new Uint8Array(1024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * @param digest at least 4 words, of which the first 4 count
   * @returns false if it was there already
   */
  add(digest: ArrayLike<number>): boolean {
    if (this.#size * 2 >= this.#isUsed.length) this.#grow();
    const slot = this.#find(digest);
    if (this.#isUsed[slot]) return false;
    this.#isUsed[slot] = 1;
    for (let word = 0; word < wordsPerDigest; word++) this.#words[slot * wordsPerDigest + word] = digest[word]!;
    this.#size += 1;
    return true;
  }

  /** The digest's slot, or the empty one where it belongs: open addressing, the digest being its own hash. */
  #find(digest: ArrayLike<number>): number {
    const mask = this.#isUsed.length - 1;
    for (let slot = digest[0]! & mask; ; slot = (slot + 1) & mask) {
      if (!this.#isUsed[slot]) return slot;
      const at = slot * wordsPerDigest;
      let word = 0;
      while (word < wordsPerDigest && this.#words[at + word] === digest[word]!) word++;
      if (word === wordsPerDigest) return slot;
    }
  }

  #grow(): void {
    const [words, isUsed] = [this.#words, this.#isUsed];
    this.#words = new Uint32Array(words.length * 2);
    this.#isUsed = new Uint8Array(isUsed.length * 2);
    this.#size = 0;
    for (let slot = 0; slot < isUsed.length; slot++) {
      if (isUsed[slot]) this.add(words.subarray(slot * wordsPerDigest, (slot + 1) * wordsPerDigest));
    }
  }
}
