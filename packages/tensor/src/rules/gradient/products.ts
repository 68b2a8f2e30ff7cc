/**
 * Gradients of matrix products. Gemm's are again gemm, with what has been accumulated in its third operand; the
 * gradient of a weight [outputs, inputs] is always gemm(dY, x, transposeA), which passes look for.
 */
import type { OperatorAttributes } from "../../ir/operators.ts";
import { isSymbolic } from "../../ir/symbolic-length.ts";
import { reshape } from "../../ops/axes.ts";
import { matMul, type ProductOptions } from "../../ops/linear-algebra.ts";
import { record } from "../../trace/recorder.ts";
import { Tensor } from "../../trace/tensor.ts";
import type { GradientContext, GradientRule } from "./gradient-rule.ts";

type Product = OperatorAttributes["gemm"];
type Multiply = (a: Tensor, b: Tensor, options: Required<ProductOptions>) => Tensor;

/** scale · op(a) op(b) + addend for two matrices. */
function gemm(a: Tensor, b: Tensor, attributes: Product, addend?: Tensor): Tensor {
  const inputs = addend === undefined ? [a.value, b.value] : [a.value, b.value, addend.value];
  return new Tensor(record("gemm", inputs, attributes)[0]!);
}

/** Gradient of a in y = scale · op(a) op(b). */
function ofLeft(dy: Tensor, b: Tensor, { transposeA, transposeB, scale }: Product, multiply: Multiply): Tensor {
  return transposeA
    ? multiply(b, dy, { transposeA: transposeB, transposeB: true, scale })
    : multiply(dy, b, { transposeA: false, transposeB: !transposeB, scale });
}

/** Gradient of b in y = scale · op(a) op(b). */
function ofRight(dy: Tensor, a: Tensor, { transposeA, transposeB, scale }: Product, multiply: Multiply): Tensor {
  return transposeB
    ? multiply(dy, a, { transposeA: true, transposeB: transposeA, scale })
    : multiply(a, dy, { transposeA: !transposeA, transposeB: false, scale });
}

export const gemmGradient: GradientRule<Product> = ({ gradient, attributes, inputs: [a, b], add, accumulate }) => {
  const onto =
    (accumulated: Tensor | undefined): Multiply =>
    (left, right, options) =>
      gemm(left, right, options, accumulated);
  add(2, () => gradient);
  accumulate(0, (accumulated) => ofLeft(gradient, b!, attributes, onto(accumulated)));
  accumulate(1, (accumulated) => ofRight(gradient, a!, attributes, onto(accumulated)));
};

export const matMulGradient: GradientRule<Product> = (context) => {
  const { gradient, attributes, inputs, add } = context;
  const [a, b] = inputs as [Tensor, Tensor];
  if (b.rank === 2 && a.rank > 2 && !attributes.transposeA && !a.shape.slice(0, -1).some(isSymbolic)) {
    return oneWeightGradient(context);
  }
  add(0, () => ofLeft(gradient, b, attributes, matMul));
  add(1, () => ofRight(gradient, a, attributes, matMul));
};

/** A batch times one matrix is one tall product: no product per batch row to be summed afterwards. */
function oneWeightGradient({ gradient, attributes, inputs, accumulate }: GradientContext<Product>): void {
  const [a, b] = inputs as [Tensor, Tensor];
  const tallGradient = () => reshape(gradient, [-1, gradient.shape.at(-1)!]);
  const tall = (x: Tensor) => reshape(x, [-1, a.shape.at(-1)!]);
  accumulate(0, (accumulated) => {
    const onto: Multiply = (left, right, options) => gemm(left, right, options, accumulated && tall(accumulated));
    return reshape(ofLeft(tallGradient(), b, attributes, onto), a.shape);
  });
  accumulate(1, (accumulated) => {
    const onto: Multiply = (left, right, options) => gemm(left, right, options, accumulated);
    return ofRight(tallGradient(), tall(a), attributes, onto);
  });
}
