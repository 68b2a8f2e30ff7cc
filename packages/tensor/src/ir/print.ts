/** Programs as text, one operation a line, for tests, for people comparing a pass's input and output, and for cache keys. */
import type { Operation, Program, Value } from "./program.ts";
import { formatShape } from "./shape.ts";

const shortTypes: Partial<Record<Value["type"], string>> = {
  float32: "f32",
  int64: "i64",
  int32: "i32",
  float64: "f64",
};

function formatType(value: Value): string {
  return `${shortTypes[value.type] ?? value.type}${formatShape(value.shape)}`;
}

function formatAttributes(operation: Operation): string {
  if (operation.operator === "constant") {
    const { data } = operation.attributes;
    const head = Array.from(data.subarray(0, 6) as ArrayLike<number | bigint>, (x) =>
      Number(x)
        .toPrecision(6)
        .replace(/\.?0+(?=e|$)/, ""),
    );
    return `{${head.join(", ")}${data.length > 6 ? ", …" : ""}}`;
  }
  const entries = Object.entries(operation.attributes).map(([name, value]) => {
    const text = Array.isArray(value)
      ? name === "shape"
        ? formatShape(value as number[])
        : `[${value.join(", ")}]`
      : String(value);
    return `${name}=${text}`;
  });
  return entries.length > 0 ? `{${entries.join(", ")}}` : "";
}

/** Values are numbered in the order they appear, so equal programs print equally. */
export function printProgram(program: Program): string {
  const names = new Map<Value, string>();
  for (const [name, value] of program.inputs) names.set(value, name);
  let count = 0;
  const nameOf = (value: Value) => {
    let name = names.get(value);
    if (name === undefined) {
      name = `%${count++}`;
      names.set(value, name);
    }
    return name;
  };
  const lines = [`inputs ${[...program.inputs].map(([name, value]) => `${name}: ${formatType(value)}`).join(", ")}`];
  for (const operation of program.operations) {
    const outputs = operation.outputs.map((output) => `${nameOf(output)}: ${formatType(output)}`).join(", ");
    const inputs = operation.inputs.map(nameOf).join(", ");
    lines.push(`  ${outputs} = ${operation.operator}${formatAttributes(operation)}(${inputs})`);
  }
  lines.push(`outputs ${[...program.outputs].map(([name, value]) => `${name}: ${nameOf(value)}`).join(", ")}`);
  return lines.join("\n");
}
