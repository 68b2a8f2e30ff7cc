/** Dropout whose mask depends on a seed alone, so that a resumed run drops what the first would have. */
import { elementCount } from "../ir/shape.ts";
import type { Tensor } from "../trace/tensor.ts";
import { reshape } from "./axes.ts";
import { iota, scalar } from "./constants.ts";
import { add, cast, less, modulo, multiply } from "./elementwise.ts";

/** A prime below 2³¹: products of two residues stay exact in 64-bit integers. */
const prime = 2_147_483_647;

/**
 * Numbers that look uniform in [0, 2³¹ − 1), one for each element.
 *
 * Quadratic congruences x ← x² + ax + c (mod p) of the element's index and the seed. A linear generator would leave
 * neighbouring elements correlated; three squarings do not show in the tests beside this file.
 */
function hashes(count: number, seed: Tensor, site: number): Tensor {
  const start = modulo(
    add(multiply(iota(count), scalar(48_271, "int64")), add(seed, scalar(site * 69_621 + 1, "int64"))),
    scalar(prime, "int64"),
  );
  let x = start;
  for (const step of [16_807, 39_373, 742_938_285]) {
    x = modulo(
      add(multiply(x, add(x, scalar(step, "int64"))), add(seed, scalar(step + site, "int64"))),
      scalar(prime, "int64"),
    );
  }
  return x;
}

/**
 * Zeroes elements with the given probability and scales the others up, so that the mean stays.
 *
 * @param probability in [0, 1); 0 returns x itself
 * @param seed        int64 scalar in [0, 2³⁰), another for every step
 * @param site        another number for every place in the model, so that masks differ
 * @see Srivastava et al. 2014, JMLR 15
 */
export function dropout(x: Tensor, probability: number, seed: Tensor, site: number): Tensor {
  if (probability === 0) return x;
  const threshold = Math.round((1 - probability) * prime);
  const count = elementCount(x.shape, "dropout");
  const isKept = less(hashes(count, seed, site), scalar(threshold, "int64"));
  const mask = multiply(cast(reshape(isKept, x.shape), x.type), 1 / (1 - probability));
  return multiply(x, mask);
}
