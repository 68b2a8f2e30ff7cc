/**
 * Collects the nodes of one model while a program is written as ONNX: names values, keeps constants, and answers where a
 * symbolic length can be read at run time. What an operator becomes is in rules/onnx/.
 */
import { ShapeError } from "../errors.ts";
import type { ConstantData } from "../ir/operators.ts";
import type { Value } from "../ir/program.ts";
import type { Shape } from "../ir/shape.ts";
import { isSymbolic, lengthName } from "../ir/symbolic-length.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../kernels/half-floats.ts";
import type { ElementType, HostData } from "../runtime/host-tensor.ts";
import type { OnnxAttribute, OnnxInitializer, OnnxNode } from "./encode.ts";

/** ONNX Runtime's own operators. */
export const microsoft = "com.microsoft";

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly domain?: string;
}

export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxInitializer[] = [];
  /** Written before node names, so that profiles tell which part of the model a node belongs to. */
  scope = "";
  readonly #names = new Map<Value, string>();
  readonly #isRead: ReadonlySet<Value>;
  readonly #lengthSources = new Map<number, { name: string; axis: number }>();
  readonly #lengths = new Map<number, string>();
  readonly #integers = new Map<string, string>();
  #count = 0;

  /** @param isRead values that some operation or output reads; others get no name, so that kernels skip them */
  constructor(isRead: ReadonlySet<Value>) {
    this.#isRead = isRead;
  }

  declareInput(name: string, value: Value): void {
    this.#names.set(value, name);
    value.shape.forEach((length, axis) => {
      if (isSymbolic(length) && !this.#lengthSources.has(length)) this.#lengthSources.set(length, { name, axis });
    });
  }

  /** Fixes the name of a value before the operation that makes it is written. */
  reserve(name: string, value: Value): void {
    this.#names.set(value, name);
  }

  isNamed(value: Value): boolean {
    return this.#names.has(value);
  }

  isRead(value: Value): boolean {
    return this.#isRead.has(value);
  }

  /** The name of a value; "" for one that nothing reads. */
  name(value: Value): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    if (!this.#isRead.has(value)) return "";
    const name = this.temporary();
    this.#names.set(value, name);
    return name;
  }

  temporary(): string {
    return `%${this.#count++}`; // no caller names an input so
  }

  node(opType: string, inputs: readonly string[], outputs: readonly string[], options: NodeOptions = {}): void {
    const name = `${this.scope}/${opType}.${this.nodes.length}`;
    this.nodes.push({ opType, name, inputs, outputs, ...options });
  }

  /** A node with one output that only other nodes of the same operation read. */
  step(opType: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const output = this.temporary();
    this.node(opType, inputs, [output], options);
    return output;
  }

  initializer(type: ElementType, shape: readonly number[], data: HostData, name = this.temporary()): string {
    this.initializers.push({ name, type, shape, data });
    return name;
  }

  /** An int64 vector, shared between the nodes that need the same one. */
  integers(values: readonly number[]): string {
    const key = values.join();
    let name = this.#integers.get(key);
    if (name === undefined) {
      name = this.initializer("int64", [values.length], BigInt64Array.from(values, BigInt));
      this.#integers.set(key, name);
    }
    return name;
  }

  /** A shape as an int64 vector, read from the inputs at run time where it is symbolic. */
  shapeVector(shape: Shape): string {
    if (!shape.some(isSymbolic)) return this.integers(shape);
    const parts = shape.map((length) => (isSymbolic(length) ? this.#length(length) : this.integers([length])));
    return parts.length === 1 ? parts[0]! : this.step("Concat", parts, { attributes: { axis: { int: 0 } } });
  }

  /** A symbolic length as an int64 vector of one. */
  #length(symbol: number): string {
    let name = this.#lengths.get(symbol);
    if (name !== undefined) return name;
    const source = this.#lengthSources.get(symbol);
    if (source === undefined) {
      throw new ShapeError({
        where: "compile",
        found: `the length ${lengthName(symbol)}, which no input has`,
        expected: "an input with every symbolic length that a reshape or a broadcast needs",
        fix: `declare an input with an axis of length ${lengthName(symbol)}`,
      });
    }
    name = this.step("Shape", [source.name], {
      attributes: { start: { int: source.axis }, end: { int: source.axis + 1 } },
    });
    this.#lengths.set(symbol, name);
    return name;
  }
}

/** A constant's values as the array that carries its element type; 16-bit constants are held as float32. */
export function constantBytes(type: ElementType, data: ConstantData): HostData {
  switch (type) {
    case "float64":
      return Float64Array.from(data as Float32Array);
    case "float16":
      return float32ToFloat16(data as Float32Array<ArrayBuffer>);
    case "bfloat16":
      return float32ToBfloat16(data as Float32Array<ArrayBuffer>);
    default:
      return data as HostData;
  }
}
