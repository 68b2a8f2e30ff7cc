/**
 * Random numbers that a checkpoint can hold. Every purpose (weights, shuffling, dropout, sampling) has a stream of its
 * own, so that drawing more of one never shifts another.
 */

import { createHash } from "node:crypto";

/** Four unsigned 32-bit words, not all zero. Plain JSON. */
export type RandomState = readonly [number, number, number, number];

/**
 * xoshiro128**: 32-bit arithmetic alone, which JavaScript has exactly.
 *
 * @see Blackman and Vigna 2021, arXiv:1805.01407
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = state;
    if ((this.#a | this.#b | this.#c | this.#d) === 0) throw new RangeError("internal: a random state of zeros");
  }

  get state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  /** A whole number in [0, 2^32). */
  next(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** In [0, 1), 32 bits fine. */
  uniform(): number {
    return this.next() / 2 ** 32;
  }

  /**
   * A whole number in [0, bound), each equally likely.
   *
   * @param bound 1 … 2^32
   */
  integer(bound: number): number {
    // Lemire's method would need 64-bit products; rejection costs less than two draws on average.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = this.next();
    while (value >= limit) value = this.next();
    return value % bound;
  }

  /** Mean 0, variance 1 (Box–Muller; the second value is dropped so that the state says all). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.next() + 1) / 2 ** 32));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/**
 * The stream of a purpose. Equal arguments give equal numbers on every machine; different names are independent.
 *
 * @param seed whole number in [0, 2^32)
 * @param name "weights", "shuffle 3", …
 */
export function randomStream(seed: number, name: string): Random {
  const digest = createHash("sha256").update(`myna random 1\0${seed}\0${name}`).digest();
  return new Random([digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)]);
}

/** The numbers 0 … length - 1 in random order, by Fisher and Yates. */
export function permutation(length: number, random: Random): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(length);
  for (let index = 0; index < length; index++) order[index] = index;
  for (let index = length - 1; index > 0; index--) {
    const other = random.integer(index + 1);
    const value = order[index]!;
    order[index] = order[other]!;
    order[other] = value;
  }
  return order;
}
