/**
 * Gradients of weights are products whose left operand is read transposed, and MLAS packs that order slowly. Where the
 * operand is large, a transpose of its own and a plain product are faster: 12 % on the wide matrices of an MLP, 20–25 % on
 * a vocabulary of 8,000 or 16,000 (one thread of an AVX-512 processor; docs/log.md). Small products stay as they are.
 */
import type { OperationOf, Program, Value } from "../ir/program.ts";
import { sameShape } from "../ir/shape.ts";
import { isSymbolic } from "../ir/symbolic-length.ts";
import { record } from "../trace/recorder.ts";
import { rewrite } from "./rewrite.ts";

/** Columns of the left operand from which the whole product is better computed the other way round. */
const vocabularyLike = 4096;
/** Elements of the left operand from which packing it shows. */
const large = 2 ** 20;

const flip = (value: Value): Value => record("transpose", [value], { permutation: [1, 0] })[0]!;

function untranspose({ inputs, attributes }: OperationOf<"gemm">): readonly Value[] | undefined {
  const { transposeA, transposeB, scale } = attributes;
  if (!transposeA || transposeB) return undefined;
  const [a, b, addend] = inputs as [Value, Value, Value | undefined]; // [inner, rows], [inner, columns], [rows, columns]
  const [inner, rows] = a.shape as [number, number];
  const columns = b.shape[1]!;
  if ([inner, rows, columns].some(isSymbolic)) return undefined;
  const plain = { transposeA: false, transposeB: false, scale };
  if (
    rows >= vocabularyLike &&
    rows >= 4 * columns &&
    (addend === undefined || sameShape(addend.shape, [rows, columns]))
  ) {
    // (aᵀ b + c)ᵀ = bᵀ a + cᵀ: the narrow operand is turned, and the turns of a chain of sums cancel.
    return [flip(record("gemm", [flip(b), a, ...(addend ? [flip(addend)] : [])], plain)[0]!)];
  }
  if (rows <= columns || inner * rows < large) return undefined;
  return record("gemm", [flip(a), b, ...(addend ? [addend] : [])], plain);
}

export function untransposeProducts(program: Program): Program {
  return rewrite(program, (operation) => (operation.operator === "gemm" ? untranspose(operation) : undefined));
}
