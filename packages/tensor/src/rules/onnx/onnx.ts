/** Every operator as ONNX nodes. Composites never arrive here: passes/expand-composites.ts has rewritten them. */
import type { OperatorName } from "../../ir/operators.ts";
import type { Operation } from "../../ir/program.ts";
import type { OnnxBuilder } from "../../onnx/builder.ts";
import { elementwiseRules } from "./elementwise.ts";
import { inferenceRules } from "./inference.ts";
import { movingRules } from "./moving.ts";
import { productRules } from "./products.ts";
import type { OnnxRule } from "./rule.ts";

function composite(_: OnnxBuilder, { operator }: Operation): never {
  throw new Error(`internal: ${operator} reached the ONNX writer; expand-composites runs before it`);
}

export const onnxRules = {
  ...elementwiseRules,
  ...movingRules,
  ...productRules,
  ...inferenceRules,
  attention: composite,
  attentionGradient: composite,
  linearCrossEntropy: composite,
  linearCrossEntropyGradient: composite,
} satisfies { [N in OperatorName]: OnnxRule<N> };

export function writeOperation(builder: OnnxBuilder, operation: Operation): void {
  builder.scope = operation.scope;
  const rule = onnxRules[operation.operator] as (builder: OnnxBuilder, operation: Operation) => void;
  rule(builder, operation);
}
