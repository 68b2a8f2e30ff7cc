/**
 * Writes ONNX models (ModelProto) as bytes, field by field. What the operators mean is the emitter's business; here a
 * node is a name, inputs, outputs and attributes.
 */

import { EncodeError, ShapeError } from "../errors.ts";
import type { ElementType, HostData } from "../runtime/host-tensor.ts";
import { elementBytes, elementCount } from "../runtime/host-tensor.ts";
import { onnxElementTypes } from "./element-types.ts";
import { type ProtobufWriter, writeProtobuf } from "./protobuf-writer.ts";

/** One value of an attribute; the key names its kind. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: OnnxInitializer }
  | { readonly graph: OnnxGraph };

export interface OnnxNode {
  readonly opType: string;
  /** "" or absent: ONNX's own operators; "com.microsoft": ONNX Runtime's. */
  readonly domain?: string;
  readonly name?: string;
  /** "" skips an optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** A declared input or output; a string in the shape names a size that may change between runs. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A constant: its values in the model, or a promise that the session's `initializers` will bring them. */
export type OnnxInitializer =
  | { readonly name: string; readonly type: ElementType; readonly shape: readonly number[]; readonly data: HostData }
  | { readonly name: string; readonly type: ElementType; readonly shape: readonly number[]; readonly external: true };

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers?: readonly OnnxInitializer[];
}

export interface OnnxModel extends OnnxGraph {
  /** Version of each operator set by domain. Default: 20 of ONNX's own, 1 of com.microsoft. */
  readonly opsets?: Readonly<Record<string, number>>;
}

/** The file name that external initialisers point at. The runtimes never read it: they hand over the memory instead. */
export const externalWeightsLocation = "external-weights";

/** Protocol buffers refuse longer messages. */
const maximumModelBytes = 2 ** 31 - 1;

/** AttributeProto: field of the value, and AttributeType. */
const attributeKinds = {
  float: { field: 2, type: 1 },
  int: { field: 3, type: 2 },
  string: { field: 4, type: 3 },
  tensor: { field: 5, type: 4 },
  graph: { field: 6, type: 5 },
  floats: { field: 7, type: 6 },
  ints: { field: 8, type: 7 },
  strings: { field: 9, type: 8 },
} as const;

/** The format's version that introduced an operator set: ONNX's table in docs/Versioning.md. */
function irVersionFor(opset: number): number {
  if (opset >= 23) return 11;
  return opset >= 21 ? 10 : 9;
}

/**
 * A model as ONNX Runtime reads it.
 *
 * @throws {ShapeError}  if an initialiser's data do not fill its shape
 * @throws {EncodeError} if the model is longer than 2 GiB, or an integer is beyond 2^53
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function encodeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const opsets = model.opsets ?? { "": 20, "com.microsoft": 1 };
  return writeProtobuf(
    (writer) => {
      writer.integer(1, irVersionFor(opsets[""] ?? 20));
      writer.string(2, "myna");
      writer.message(7, () => writeGraph(writer, model));
      for (const [domain, version] of Object.entries(opsets)) {
        writer.message(8, () => {
          if (domain !== "") writer.string(1, domain);
          writer.integer(2, version);
        });
      }
    },
    maximumModelBytes,
    (bytes) => {
      throw new EncodeError({
        where: `model ${model.name}`,
        found: `${bytes} bytes`,
        expected: `at most ${maximumModelBytes}`,
        fix: "mark its large initialisers external and pass their values to the session",
      });
    },
  );
}

function writeGraph(writer: ProtobufWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, () => writeNode(writer, node));
  writer.string(2, graph.name);
  for (const initializer of graph.initializers ?? []) writer.message(5, () => writeTensor(writer, initializer));
  for (const value of graph.inputs) writer.message(11, () => writeValue(writer, value));
  for (const value of graph.outputs) writer.message(12, () => writeValue(writer, value));
}

function writeNode(writer: ProtobufWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.string(1, name);
  for (const name of node.outputs) writer.string(2, name);
  if (node.name !== undefined) writer.string(3, node.name);
  writer.string(4, node.opType);
  for (const [name, attribute] of Object.entries(node.attributes ?? {})) {
    writer.message(5, () => writeAttribute(writer, name, attribute));
  }
  if (node.domain !== undefined && node.domain !== "") writer.string(7, node.domain);
}

function writeAttribute(writer: ProtobufWriter, name: string, attribute: OnnxAttribute): void {
  writer.string(1, name);
  const writeInteger = (field: number, value: number): void => {
    if (!Number.isSafeInteger(value)) {
      throw new EncodeError({
        where: `attribute ${name}`,
        found: `${value}`,
        expected: "a whole number within ±2^53",
        fix: "pass an integer, or write the attribute as { float: … }",
      });
    }
    writer.integer(field, value);
  };
  const kind = Object.keys(attribute)[0] as keyof typeof attributeKinds;
  const { field, type } = attributeKinds[kind];
  if ("float" in attribute) writer.float(field, attribute.float);
  else if ("int" in attribute) writeInteger(field, attribute.int);
  else if ("string" in attribute) writer.string(field, attribute.string);
  else if ("tensor" in attribute) writer.message(field, () => writeTensor(writer, attribute.tensor));
  else if ("graph" in attribute) writer.message(field, () => writeGraph(writer, attribute.graph));
  else if ("floats" in attribute) for (const value of attribute.floats) writer.float(field, value);
  else if ("ints" in attribute) for (const value of attribute.ints) writeInteger(field, value);
  else for (const value of attribute.strings) writer.string(field, value);
  writer.integer(20, type);
}

function writeTensor(writer: ProtobufWriter, tensor: OnnxInitializer): void {
  for (const size of tensor.shape) writer.integer(1, size);
  writer.integer(2, onnxElementTypes[tensor.type]);
  writer.string(8, tensor.name);
  if ("external" in tensor) {
    writer.message(13, () => {
      writer.string(1, "location");
      writer.string(2, externalWeightsLocation);
    });
    writer.integer(14, 1); // data_location: EXTERNAL
    return;
  }
  const expectedBytes = elementCount(tensor.shape) * elementBytes(tensor.type);
  if (tensor.data.byteLength !== expectedBytes) {
    throw new ShapeError({
      where: `initializer ${tensor.name}`,
      found: `${tensor.data.byteLength} bytes`,
      expected: `${expectedBytes}, the size of ${tensor.type} [${tensor.shape}]`,
      fix: "pass one element for each place in the shape",
    });
  }
  // ONNX stores little-endian bytes, as every platform of Node does.
  writer.bytes(9, new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
}

function writeValue(writer: ProtobufWriter, value: OnnxValue): void {
  writer.string(1, value.name);
  writer.message(2, () => {
    writer.message(1, () => {
      writer.integer(1, onnxElementTypes[value.type]);
      writer.message(2, () => {
        for (const size of value.shape) {
          writer.message(1, () => (typeof size === "number" ? writer.integer(1, size) : writer.string(2, size)));
        }
      });
    });
  });
}
