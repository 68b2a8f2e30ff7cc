/** The order of the passes between a traced program and the one that is written as ONNX. */
import type { Program } from "../ir/program.ts";
import { contractReductions } from "./contract-reductions.ts";
import { eliminateCommonSubexpressions } from "./eliminate-common-subexpressions.ts";
import { eliminateDeadCode } from "./eliminate-dead-code.ts";
import { expandComposites } from "./expand-composites.ts";
import { foldConstants } from "./fold-constants.ts";
import { fuseProducts } from "./fuse-products.ts";
import { recompute } from "./recompute.ts";
import type { Pass } from "./rewrite.ts";
import { schedule } from "./schedule.ts";
import { simplifyMoves } from "./simplify-moves.ts";
import { untransposeProducts } from "./untranspose-products.ts";

export interface OptimiseOptions {
  /**
   * Bytes that intermediate values may take (see estimatePeakBytes). Cheap ones are computed again in the backward pass
   * until the estimate fits, or nothing cheap is left. Absent: everything is kept, which is fastest.
   */
  readonly memoryBudgetBytes?: number;
  /** Sees the program before the first pass ("traced") and after each one. */
  readonly onPass?: (pass: string, program: Program) => void;
}

export function optimise(program: Program, { onPass, memoryBudgetBytes }: OptimiseOptions = {}): Program {
  onPass?.("traced", program);
  const passes: Record<string, Pass> = {
    "expand-composites": expandComposites,
    "fold-constants": foldConstants,
    "simplify-moves": simplifyMoves,
    "eliminate-common-subexpressions": eliminateCommonSubexpressions,
    "contract-reductions": contractReductions,
    "fuse-products": fuseProducts,
    "untranspose-products": untransposeProducts,
    "simplify-moves again": simplifyMoves,
    "eliminate-dead-code": eliminateDeadCode,
    schedule,
    ...(memoryBudgetBytes !== undefined && { recompute: (program) => recompute(program, memoryBudgetBytes) }),
  };
  let current = program;
  for (const [name, pass] of Object.entries(passes)) {
    current = pass(current);
    onPass?.(name, current);
  }
  return current;
}
