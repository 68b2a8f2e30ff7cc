/**
 * What a gradient rule is given and what it may answer.
 *
 * A rule receives the gradient of its operation's first output and hands gradients of its inputs to the context. It
 * computes each inside a callback, so nothing is recorded for inputs whose gradient nobody wants.
 */
import type { Tensor } from "../../trace/tensor.ts";

export interface GradientContext<Attributes> {
  readonly attributes: Attributes;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Of the first output. The others carry what the rule needs and have no gradient of their own. */
  readonly gradient: Tensor;
  /** Whether attention's probabilities are kept from the forward pass or computed again. */
  readonly keepProbabilities: boolean;
  isWanted(input: number): boolean;
  /** Adds to an input's gradient. What the operation stretched by broadcasting is summed back to the input's shape. */
  add(input: number, make: () => Tensor): void;
  /**
   * As add, for kernels that add to a tensor while they work (Gemm's third operand, a scatter onto a base): `make` gets
   * what has been accumulated for the input so far, if anything, and returns that plus its own part, in the input's shape.
   */
  accumulate(input: number, make: (accumulated: Tensor | undefined) => Tensor): void;
  /**
   * As add, where only [start, end) of an axis has a gradient. Parts that lie side by side are joined without zeros or
   * sums, so the gradient of splitting is one concatenation.
   */
  addPart(input: number, axis: number, start: number, make: () => Tensor): void;
}

export type GradientRule<Attributes> = (context: GradientContext<Attributes>) => void;

/** The gradient is zero or undefined everywhere: the path from loss to input ends here without a word. */
export interface ZeroGradient {
  readonly kind: "zero";
  readonly reason: string;
}

/** The output shares its input's gradient (cotangents.ts): there is nothing to compute. */
export interface SharedGradient {
  readonly kind: "shared";
  readonly reason: string;
}

/** A gradient through this operator is a mistake, told to the caller. */
export interface RefusedGradient {
  readonly kind: "refused";
  readonly reason: string;
  readonly fix: string;
}

export type GradientEntry<Attributes> = GradientRule<Attributes> | ZeroGradient | SharedGradient | RefusedGradient;

export function zeroGradient(reason: string): ZeroGradient {
  return { kind: "zero", reason };
}

export function refusedGradient(reason: string, fix: string): RefusedGradient {
  return { kind: "refused", reason, fix };
}

export function sharedGradient(reason: string): SharedGradient {
  return { kind: "shared", reason };
}
