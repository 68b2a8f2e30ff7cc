/** A program as an ONNX model. Inputs named as weights become external initialisers; the rest stay inputs. */
import { type Program, useCounts, type Value } from "../ir/program.ts";
import { isSymbolic, lengthName } from "../ir/symbolic-length.ts";
import { writeOperation } from "../rules/onnx/onnx.ts";
import { OnnxBuilder } from "./builder.ts";
import type { OnnxInitializer, OnnxModel, OnnxValue } from "./encode.ts";

const describe = (name: string, { type, shape }: Value): OnnxValue => ({
  name,
  type,
  shape: shape.map((length) => (isSymbolic(length) ? lengthName(length) : length)),
});

/**
 * @param program without composites
 * @param weights names of inputs whose values the session brings
 * @throws {ShapeError} if a symbolic length is needed that no input has
 */
export function emitModel(program: Program, weights: ReadonlySet<string> = new Set()): OnnxModel {
  const builder = new OnnxBuilder(new Set(useCounts(program).keys()));
  for (const [name, value] of program.inputs) builder.declareInput(name, value);
  const isMade = new Set(
    program.operations.flatMap(({ operator, outputs }) => (operator === "constant" ? [] : outputs)),
  );
  // An output that is an input, a constant, or another output's value needs a node of its own to carry its name.
  const copies: [name: string, value: Value][] = [];
  for (const [name, value] of program.outputs) {
    if (builder.isNamed(value) || !isMade.has(value)) copies.push([name, value]);
    else builder.reserve(name, value);
  }
  for (const operation of program.operations) writeOperation(builder, operation);
  for (const [name, value] of copies) builder.node("Identity", [builder.name(value)], [name]);

  const external = [...program.inputs]
    .filter(([name]) => weights.has(name))
    .map(([name, { type, shape }]): OnnxInitializer => ({ name, type, shape, external: true }));
  return {
    name: "program",
    nodes: builder.nodes,
    inputs: [...program.inputs].filter(([name]) => !weights.has(name)).map(([name, value]) => describe(name, value)),
    outputs: [...program.outputs].map(([name, value]) => describe(name, value)),
    initializers: [...builder.initializers, ...external],
  };
}
