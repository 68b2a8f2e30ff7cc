/**
 * Randomness without a state: a number for each (seed, step, token). A request's draws therefore depend on nothing but
 * its own seed and position, whoever else is being answered and however often it was interrupted.
 */

/** A bijection of 32 bits whose every input bit changes about half of the output bits (MurmurHash3's finaliser). */
function mix(bits: number): number {
  let h = bits;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const golden = 0x9e3779b9; // 2^32 / golden ratio: neighbouring counters land far apart

/**
 * @param seed 0 to 2^53 − 1
 * @param step how many tokens were drawn before
 * @returns    a function from a token's id to 32 random bits, in [0, 2^32)
 */
export function bitsOfStep(seed: number, step: number): (id: number) => number {
  const low = mix((seed >>> 0) ^ golden);
  const high = mix(Math.floor(seed / 2 ** 32) + low);
  const first = mix(high ^ mix(Math.imul(step + 1, golden)));
  const second = mix(first + golden);
  return (id) => mix(mix(Math.imul(id + 1, golden) ^ first) + second) >>> 0;
}

/** Gumbel noise, −ln(−ln u), from 32 bits; the larger the smaller the bits are. */
export function gumbel(bits: number): number {
  return -Math.log(-Math.log1p(-(bits + 0.5) / 2 ** 32));
}

/**
 * A bound that costs no logarithm: with v = 1 − u, −ln u ≥ v, so the noise is at most −ln v, and the leading zeros of the
 * bits bound that.
 */
export function gumbelBound(bits: number): number {
  return bits === 0 ? largestGumbel : (Math.clz32(bits) + 1) * Math.LN2;
}

/** No noise of ours is above it. */
export const largestGumbel = gumbel(0);

/** A seed for a request that names none. */
export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
