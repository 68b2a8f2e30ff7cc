/** From a function over tensors to a program: runs the function once on handles and keeps what it recorded. */
import { ShapeError } from "../errors.ts";
import { newValue, type Program, type Value } from "../ir/program.ts";
import type { Shape } from "../ir/shape.ts";
import type { ElementType } from "../runtime/host-tensor.ts";
import { withRecorder } from "./recorder.ts";
import { Tensor } from "./tensor.ts";

/** Type and shape of a program's input; a symbolic length stands for one known only when the program runs. */
export interface TensorSpec {
  readonly type: ElementType;
  readonly shape: Shape;
}

export type TensorRecord = Readonly<Record<string, Tensor>>;

/**
 * @param inputs  names, types and shapes; the function receives a tensor for each
 * @param body    called once; what it returns are the program's outputs by name
 * @throws {ShapeError} from any operation that refuses its inputs, or when a name is both input and output
 */
export function traceProgram(
  inputs: Readonly<Record<string, TensorSpec>>,
  body: (inputs: TensorRecord) => TensorRecord,
): Program {
  const values = new Map(Object.entries(inputs).map(([name, { type, shape }]) => [name, newValue(type, shape)]));
  const handles = Object.fromEntries([...values].map(([name, value]) => [name, new Tensor(value)]));
  const { result, operations } = withRecorder(() => body(handles));
  const outputs = new Map<string, Value>();
  for (const [name, tensor] of Object.entries(result)) {
    if (values.has(name)) {
      throw new ShapeError({
        where: "traceProgram",
        found: `"${name}" as an input and as an output`,
        expected: "different names",
        fix: `rename the output, for example "next.${name}"`,
      });
    }
    outputs.set(name, tensor.value);
  }
  return { inputs: values, outputs, operations };
}
