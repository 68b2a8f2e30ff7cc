/** Removes moves of elements that cancel: reshapes of reshapes, transposes of transposes, stretches that broadcasting does anyway. */
import type { Operation, OperationOf, Program, Value } from "../ir/program.ts";
import { broadcastShapes, sameShape } from "../ir/shape.ts";
import { record } from "../trace/recorder.ts";
import { type Rewriting, rewrite } from "./rewrite.ts";

const broadcasting: ReadonlySet<string> = new Set([
  "add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "modulo", "equal", "less", "lessOrEqual", "and", "or",
]); // biome-ignore format: a list

/** The stretch may go when the other operand alone gives the result its shape. */
function withoutStretch(operation: Operation, program: Rewriting): readonly Value[] | undefined {
  const [a, b] = operation.inputs as [Value, Value];
  const [sourceA, sourceB] = [a, b].map((value) => {
    const maker = program.maker(value);
    return maker?.operator === "broadcastTo" ? maker.inputs[0]! : value;
  }) as [Value, Value];
  for (const [left, right] of [
    [sourceA, sourceB],
    [sourceA, b],
    [a, sourceB],
  ] as const) {
    if (left === a && right === b) continue;
    if (sameShape(broadcastShapes(left.shape, right.shape, "simplify-moves"), operation.outputs[0]!.shape)) {
      return record(operation.operator as "add", [left, right], {});
    }
  }
  return undefined;
}

function simplifyReshape(
  { inputs: [x], attributes }: OperationOf<"reshape">,
  program: Rewriting,
): readonly Value[] | undefined {
  const inner = program.maker(x!);
  const source = inner?.operator === "reshape" ? inner.inputs[0]! : x!;
  if (sameShape(source.shape, attributes.shape)) return [source];
  return source === x ? undefined : record("reshape", [source], attributes);
}

function simplifyTranspose(
  { inputs: [x], attributes: { permutation } }: OperationOf<"transpose">,
  program: Rewriting,
): readonly Value[] | undefined {
  const inner = program.maker(x!);
  const [source, combined] =
    inner?.operator === "transpose"
      ? [inner.inputs[0]!, permutation.map((axis) => inner.attributes.permutation[axis]!)]
      : [x!, permutation];
  if (combined.every((axis, index) => axis === index)) return [source];
  return source === x ? undefined : record("transpose", [source], { permutation: combined });
}

export function simplifyMoves(program: Program): Program {
  return rewrite(program, (operation, rewriting) => {
    const [x] = operation.inputs;
    switch (operation.operator) {
      case "reshape":
        return simplifyReshape(operation, rewriting);
      case "transpose":
        return simplifyTranspose(operation, rewriting);
      case "broadcastTo":
        return sameShape(x!.shape, operation.attributes.shape) ? [x!] : undefined;
      case "cast":
        return x!.type === operation.attributes.to ? [x!] : undefined;
      default:
        return broadcasting.has(operation.operator) ? withoutStretch(operation, rewriting) : undefined;
    }
  });
}
