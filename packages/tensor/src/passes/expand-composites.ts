/** Rewrites the composite operators into rows of the operator table that have ONNX kernels. */
import type { Program } from "../ir/program.ts";
import { expandAttention, expandAttentionGradient } from "./expand-attention.ts";
import { expandLinearCrossEntropy, expandLinearCrossEntropyGradient } from "./expand-cross-entropy.ts";
import { rewrite } from "./rewrite.ts";

export function expandComposites(program: Program): Program {
  return rewrite(program, (operation) => {
    switch (operation.operator) {
      case "attention":
        return expandAttention(operation);
      case "attentionGradient":
        return expandAttentionGradient(operation);
      case "linearCrossEntropy":
        return expandLinearCrossEntropy(operation);
      case "linearCrossEntropyGradient":
        return expandLinearCrossEntropyGradient(operation);
      default:
        return undefined;
    }
  });
}
