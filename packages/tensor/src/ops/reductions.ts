/** Sums, means, maxima along axes, and running sums. */
import { resolveAxis } from "../ir/shape.ts";
import { record } from "../trace/recorder.ts";
import { Tensor } from "../trace/tensor.ts";
import { add, divide, exp, log, multiply, stopGradient, subtract } from "./elementwise.ts";

export interface ReductionOptions {
  /** Axes to reduce; all of them when absent. */
  readonly axes?: readonly number[];
  /** Keep reduced axes with length 1. Default false. */
  readonly keepDimensions?: boolean;
}

const reduction =
  (operator: "reduceSum" | "reduceMean" | "reduceMax") =>
  (x: Tensor, { axes, keepDimensions = false }: ReductionOptions = {}): Tensor => {
    const resolved = (axes ?? x.shape.map((_, axis) => axis)).map((axis) => resolveAxis(axis, x.rank, operator));
    const attributes = { axes: [...new Set(resolved)].sort((a, b) => a - b), keepDimensions };
    return new Tensor(record(operator, [x.value], attributes)[0]!);
  };

export const sum = reduction("reduceSum");
export const mean = reduction("reduceMean");
/** The gradient goes to every element that equals the maximum, in equal shares. */
export const max = reduction("reduceMax");

/** Running sum along an axis; with `reverse`, from the end. */
export function cumulativeSum(x: Tensor, axis: number, reverse = false): Tensor {
  return new Tensor(
    record("cumulativeSum", [x.value], { axis: resolveAxis(axis, x.rank, "cumulativeSum"), reverse })[0]!,
  );
}

/** log Σ eˣ over the last axis, kept with length 1; no overflow. */
export function logSumExp(x: Tensor): Tensor {
  const largest = stopGradient(max(x, { axes: [-1], keepDimensions: true }));
  return add(log(sum(exp(subtract(x, largest)), { axes: [-1], keepDimensions: true })), largest);
}

/**
 * Mean of the elements where the mask is 1; 0 when there are none.
 *
 * @param mask as x, 0 or 1
 */
export function maskedMean(x: Tensor, mask: Tensor): Tensor {
  const tiny = 1e-9; // an empty mask divides 0 by this and not by 0
  return divide(sum(multiply(x, mask)), add(sum(mask), tiny));
}
