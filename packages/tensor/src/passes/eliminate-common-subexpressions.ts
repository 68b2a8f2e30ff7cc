/** Computes equal things once: operations with the same operator, inputs and attributes become the first of them. */
import { createHash } from "node:crypto";
import type { ConstantData } from "../ir/operators.ts";
import type { Operation, Program, Value } from "../ir/program.ts";
import { rewrite } from "./rewrite.ts";

const commutative: ReadonlySet<string> = new Set(["add", "multiply", "maximum", "minimum", "equal", "and", "or"]);

function digest(data: ConstantData): string {
  return createHash("sha1")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("base64");
}

function keyOf({ operator, inputs, attributes }: Operation): string {
  const ids = inputs.map(({ id }) => id);
  if (commutative.has(operator)) ids.sort((a, b) => a - b);
  const described = "data" in attributes ? { ...attributes, data: digest(attributes.data) } : attributes;
  return `${operator}(${ids.join()})${JSON.stringify(described)}`;
}

export function eliminateCommonSubexpressions(program: Program): Program {
  const seen = new Map<string, readonly Value[]>();
  return rewrite(program, (operation) => {
    const key = keyOf(operation);
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, operation.outputs);
    return earlier;
  });
}
