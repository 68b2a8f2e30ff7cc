/**
 * Random numbers that a seed decides, the same on every machine: xoshiro128** (Blackman and Vigna 2021, arXiv:1805.01407),
 * seeded through splitmix32. For initial weights; not for secrets.
 */

const rotateLeft = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

export class Xoshiro128 {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed any number of 32-bit words; another list gives an unrelated stream */
  constructor(...seed: readonly number[]) {
    let state = 0x9e37_79b9;
    // Each word passes through the mixer before the next is added, so that [1, 2] and [2, 1] differ.
    for (const word of seed) state = mix32((state + (word | 0)) | 0);
    const next = (): number => {
      state = (state + 0x9e37_79b9) | 0;
      return mix32(state);
    };
    [this.#a, this.#b, this.#c, this.#d] = [next(), next(), next(), next()];
  }

  /** Uniform over the 32-bit unsigned integers. */
  nextUint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result >>> 0;
  }

  /** Uniform in [0, 1), in steps of 2⁻³². */
  nextFloat(): number {
    return this.nextUint32() / 0x1_0000_0000;
  }

  /** Fills with normal numbers of mean 0 (Box and Muller 1958), cut nowhere; the largest possible is 6.7 deviations. */
  fillNormal(target: Float32Array, standardDeviation: number): void {
    for (let index = 0; index < target.length; index += 2) {
      const radius = standardDeviation * Math.sqrt(-2 * Math.log(1 - this.nextFloat()));
      const angle = 2 * Math.PI * this.nextFloat();
      target[index] = radius * Math.cos(angle);
      if (index + 1 < target.length) target[index + 1] = radius * Math.sin(angle);
    }
  }
}

/** The finaliser of MurmurHash3: every input bit changes every output bit with probability near one half. */
function mix32(x: number): number {
  let mixed = x;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

/** FNV-1a over the text's UTF-16 code units: a 32-bit word for seeding a stream by name. */
export function hashName(text: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return hash >>> 0;
}
