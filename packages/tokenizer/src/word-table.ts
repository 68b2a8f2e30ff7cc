/**
 * A set of words kept as UTF-16 units in one array, each with an index from 0 up. Looking a word up reads it in place from
 * its document: no substring is made, and no document stays in memory because a substring points into it.
 * The trainer counts words with it, the encoder remembers their ids with it.
 */
export class WordTable {
  /** All words' units, one after the other. */
  units: Uint16Array = new Uint16Array(1 << 16);
  /** Word i is units[starts[i], starts[i + 1]). */
  starts: Uint32Array = new Uint32Array(1 << 12);
  size = 0;
  private hashes: Int32Array = new Int32Array(1 << 12);
  private slots: Int32Array = new Int32Array(1 << 13).fill(-1);

  /** Index of text[start, end), added if it is new: then it equals the size before the call. */
  findOrAdd(text: string, start: number, end: number): number {
    // FNV-1a over units, with a final mix because only low bits choose the slot.
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const index = this.slots[slot]!;
      if (index < 0) return this.add(text, start, end, hash, slot);
      if (this.hashes[index] === hash && this.equals(index, text, start, end)) return index;
      slot = (slot + 1) & mask;
    }
  }

  clear(): void {
    this.size = 0;
    this.slots.fill(-1);
  }

  private equals(index: number, text: string, start: number, end: number): boolean {
    const { units } = this;
    let at = this.starts[index]!;
    if (this.starts[index + 1]! - at !== end - start) return false;
    for (let i = start; i < end; i++) if (units[at++] !== text.charCodeAt(i)) return false;
    return true;
  }

  private add(text: string, start: number, end: number, hash: number, slot: number): number {
    const index = this.size;
    if (index + 2 > this.starts.length) this.starts = grown(this.starts, Uint32Array, index + 2);
    if (index + 1 > this.hashes.length) this.hashes = grown(this.hashes, Int32Array, index + 1);
    let at = this.starts[index]!;
    if (at + end - start > this.units.length) this.units = grown(this.units, Uint16Array, at + end - start);
    for (let i = start; i < end; i++) this.units[at++] = text.charCodeAt(i);
    this.starts[index + 1] = at;
    this.hashes[index] = hash;
    this.slots[slot] = index;
    this.size++;
    if (this.size * 2 > this.slots.length) this.rehash();
    return index;
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const mask = slots.length - 1;
    for (let index = 0; index < this.size; index++) {
      let slot = this.hashes[index]! & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = index;
    }
    this.slots = slots;
  }
}

type NumberArray = Int32Array | Uint32Array | Uint16Array | Float64Array | Uint8Array;

/** A copy of twice the length, or of `least` if that is more. */
export function grown<A extends NumberArray>(array: A, type: new (length: number) => A, least: number): A {
  const copy = new type(Math.max(array.length * 2, least));
  copy.set(array);
  return copy;
}
