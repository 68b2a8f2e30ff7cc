import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError, ShapeError } from "../errors.ts";
import { encodeModel, type OnnxModel } from "./encode.ts";
import { writeProtobuf } from "./protobuf-writer.ts";

const tooLarge = (bytes: number): never => {
  throw new Error(`${bytes}`);
};

describe("writeProtobuf", () => {
  test("writes the examples of the encoding guide", () => {
    // https://protobuf.dev/programming-guides/encoding: 150 in field 1; "testing" in field 2; {1: 150} in field 3.
    const bytes = writeProtobuf(
      (writer) => {
        writer.integer(1, 150);
        writer.string(2, "testing");
        writer.message(3, () => writer.integer(1, 150));
      },
      100,
      tooLarge,
    );
    expect(Buffer.from(bytes).toString("hex")).toBe("089601" + "120774657374696e67" + "1a03089601");
  });

  test("writes -2 in ten bytes and 1.5 in four", () => {
    const bytes = writeProtobuf(
      (writer) => {
        writer.integer(1, -2);
        writer.float(2, 1.5);
      },
      100,
      tooLarge,
    );
    expect(Buffer.from(bytes).toString("hex")).toBe("08feffffffffffffffff01" + "150000c03f");
  });

  test("every integer within ±2^53 reads back", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = writeProtobuf((writer) => writer.integer(1, value), 100, tooLarge);
        const bits = [...bytes.subarray(1)].reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 127), 0n);
        expect(BigInt.asIntN(64, bits)).toBe(BigInt(value));
      }),
      { seed: 4 },
    );
  });

  test("nested messages have their lengths at any depth", () => {
    const bytes = writeProtobuf(
      (writer) => writer.message(1, () => writer.message(2, () => writer.message(3, () => writer.string(4, "é")))),
      100,
      tooLarge,
    );
    expect(Buffer.from(bytes).toString("hex")).toBe("0a08" + "1206" + "1a04" + "2202c3a9");
  });
});

const identity: OnnxModel = {
  name: "g",
  nodes: [{ opType: "Identity", inputs: ["x"], outputs: ["y"] }],
  inputs: [{ name: "x", type: "float32", shape: [2, "n"] }],
  outputs: [{ name: "y", type: "float32", shape: [2, "n"] }],
};

describe("encodeModel", () => {
  test("writes the bytes that onnx.proto asks for", () => {
    const hex = Buffer.from(encodeModel(identity)).toString("hex");
    expect(hex).toBe(
      [
        "0809", // ir_version 9
        "12046d796e61", // producer_name "myna"
        "3a41", // graph, 65 bytes
        "0a10" + "0a0178" + "120179" + "22084964656e74697479", // node: x -> y, "Identity"
        "120167", // graph name "g"
        "5a14" + "0a0178" + "120f" + "0a0d" + "0801" + "1209" + "0a020802" + "0a0312016e", // input x: float [2, n]
        "6214" + "0a0179" + "120f" + "0a0d" + "0801" + "1209" + "0a020802" + "0a0312016e", // output y
        "42021014", // opset_import: "" 20
        "42110a0d636f6d2e6d6963726f736f66741001", // opset_import: com.microsoft 1
      ].join(""),
    );
  });

  test("refuses an initialiser that does not fill its shape", () => {
    const wrong = { name: "w", type: "float32", shape: [2, 3], data: new Float32Array(5) } as const;
    expect(() => encodeModel({ ...identity, initializers: [wrong] })).toThrow(
      new ShapeError({
        where: "initializer w",
        found: "20 bytes",
        expected: "24, the size of float32 [2,3]",
        fix: "pass one element for each place in the shape",
      }),
    );
  });

  test("refuses a fraction in an integer attribute", () => {
    const node = { opType: "Softmax", inputs: ["x"], outputs: ["y"], attributes: { axis: { int: 0.5 } } };
    expect(() => encodeModel({ ...identity, nodes: [node] })).toThrow(EncodeError);
  });
});
