/** The form of the rules that write operators as ONNX nodes, and what several of them share. */

import type { OperatorName } from "../../ir/operators.ts";
import type { OperationOf } from "../../ir/program.ts";
import type { OnnxBuilder } from "../../onnx/builder.ts";
import type { OnnxAttribute } from "../../onnx/encode.ts";

/** Writes one operation: reads names of inputs, gives nodes for the names of outputs. */
export type OnnxRule<N extends OperatorName> = (builder: OnnxBuilder, operation: OperationOf<N>) => void;

export const integer = (value: number): OnnxAttribute => ({ int: value });
export const float = (value: number): OnnxAttribute => ({ float: value });
export const flag = (value: boolean): OnnxAttribute => ({ int: value ? 1 : 0 });
export const lastAxis = { axis: integer(-1) };

type AnyOperation = Pick<OperationOf<"add">, "inputs" | "outputs">;

/** One node that takes the operation's inputs and gives its outputs. */
export function direct(
  builder: OnnxBuilder,
  opType: string,
  { inputs, outputs }: AnyOperation,
  attributes?: Readonly<Record<string, OnnxAttribute>>,
  domain?: string,
): void {
  const names = outputs.map((output) => builder.name(output));
  while (names.at(-1) === "") names.pop();
  builder.node(
    opType,
    inputs.map((input) => builder.name(input)),
    names,
    { ...(attributes && { attributes }), ...(domain && { domain }) },
  );
}

/** A rule that is one node with no attributes. */
export const node =
  (opType: string) =>
  (builder: OnnxBuilder, operation: AnyOperation): void =>
    direct(builder, opType, operation);
