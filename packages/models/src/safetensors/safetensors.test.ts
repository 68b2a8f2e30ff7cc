import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ElementType, type HostTensor, hostTensor } from "@myna/tensor";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CheckpointError } from "../errors.ts";
import { maximumHeaderBytes, parseHeader, readHeaderLength } from "./header.ts";
import { readSafetensors, SafetensorsFile } from "./reader.ts";
import { writeSafetensors } from "./writer.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "myna safetensors 八哥 "));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with the given JSON and data, whatever they are. */
function fileOf(json: string | Uint8Array, data = new Uint8Array(0), length?: bigint): string {
  const header = typeof json === "string" ? Buffer.from(json) : Buffer.from(json);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(header.length));
  const path = join(folder, "hostile.safetensors");
  writeFileSync(path, Buffer.concat([prefix, header, data]));
  return path;
}

function open(path: string): void {
  new SafetensorsFile(path).close();
}

const types: readonly ElementType[] = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int8",
  "uint8",
  "bool",
];

const tensors: fc.Arbitrary<[string, HostTensor][]> = fc
  .uniqueArray(
    fc.tuple(fc.string({ unit: "grapheme" }), fc.constantFrom(...types), fc.array(fc.nat(4), { maxLength: 4 })),
    {
      selector: ([name]) => name,
      maxLength: 8,
    },
  )
  .map((entries) =>
    entries
      .filter(([name]) => name !== "__metadata__")
      .map(([name, type, shape], seed): [string, HostTensor] => {
        const tensor = hostTensor(type, shape);
        const bytes = new Uint8Array(tensor.data.buffer);
        bytes.forEach((_, index) => {
          bytes[index] = (index * 37 + seed * 11) & 0x3f;
        });
        return [name, tensor];
      }),
  );

describe("a written file", () => {
  test("holds the same names, shapes, numbers and texts, for every type and any name", () => {
    const path = join(folder, "round.safetensors");
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (entries, metadata) => {
        writeSafetensors(path, entries, metadata);
        const read = readSafetensors(path);
        expect(new Map(read.tensors)).toEqual(new Map(entries));
        expect(Object.fromEntries(read.metadata)).toEqual({ ...metadata });
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test("has the same bytes whatever order its tensors come in", () => {
    fc.assert(
      fc.property(tensors, (entries) => {
        writeSafetensors(join(folder, "a"), entries, { x: "1", y: "2" });
        writeSafetensors(join(folder, "b"), entries.toReversed(), { y: "2", x: "1" });
        expect(readFileSync(join(folder, "a")).equals(readFileSync(join(folder, "b")))).toBe(true);
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  test("leaves nothing else in its folder", () => {
    const own = mkdtempSync(join(folder, "own-"));
    writeSafetensors(join(own, "x.safetensors"), [["x", hostTensor("float32", [3])]]);
    expect(readdirSync(own)).toEqual(["x.safetensors"]);
  });

  test("begins its data at a multiple of eight", () => {
    const path = join(folder, "aligned");
    for (const name of ["a", "ab", "abc"]) {
      writeSafetensors(path, [[name, hostTensor("float64", [1])]]);
      expect(readFileSync(path).readBigUInt64LE() % 8n).toBe(0n);
    }
  });
});

test("a name given twice is refused before anything is written", () => {
  const x = hostTensor("float32", [1]);
  expect(() =>
    writeSafetensors(join(folder, "twice"), [
      ["x", x],
      ["x", x],
    ]),
  ).toThrow(/found a tensor named "x" twice/);
  expect(readdirSync(folder)).not.toContain("twice");
});

test("16-bit floats are read as f32, exactly", () => {
  const path = join(folder, "half");
  writeSafetensors(path, [
    ["b", hostTensor("bfloat16", [2], Uint16Array.of(0x3f80, 0xc040))],
    ["h", hostTensor("float16", [2], Uint16Array.of(0x3c00, 0x0001))],
    ["i", hostTensor("int32", [1])],
  ]);
  const file = new SafetensorsFile(path);
  expect([...file.readFloat32("b").data]).toEqual([1, -3]);
  expect([...file.readFloat32("h").data]).toEqual([1, 2 ** -24]);
  expect(() => file.readFloat32("i")).toThrow(/tensor "i": found dtype I32; expected F32, BF16 or F16/);
  expect(() => file.read("j")).toThrow(/found no tensor "j"/);
  file.close();
});

describe("damaged and hostile files are refused, each for its reason", () => {
  const one = (fields: object) =>
    `{"x":${JSON.stringify({ dtype: "F32", shape: [2], data_offsets: [0, 8], ...fields })}}`;
  const data = new Uint8Array(8);
  const cases: [string, () => string, RegExp][] = [
    [
      "an empty file",
      () => {
        const path = fileOf("");
        truncateSync(path, 0);
        return path;
      },
      /found a file of 0 bytes/,
    ],
    [
      "a header of 2^64 − 1 bytes",
      () => fileOf("{}", data, 2n ** 64n - 1n),
      /found a header of 18446744073709551615 bytes/,
    ],
    [
      "a header of a byte more than allowed",
      () => fileOf("{}", data, BigInt(maximumHeaderBytes + 1)),
      /at most 100000000/,
    ],
    ["a header longer than the file", () => fileOf("{}", data, 100n), /a header of 100 bytes in a file of 18/],
    ["text", () => fileOf("hello"), /a header that is not JSON/],
    ["a list", () => fileOf("[]"), /found a header of \[\]/],
    ["bytes that are not UTF-8", () => fileOf(Uint8Array.of(0x7b, 0xff, 0x7d)), /a header that is not JSON/],
    [
      "ten million brackets",
      () => fileOf(Buffer.alloc(10_000_000, "[")),
      /found a header with brackets 4 deep; expected at most 3/,
    ],
    [
      "three million values",
      () => fileOf(`{"x":[${"0,".repeat(3_000_000)}0]}`),
      /found a header with more than 2000000 values/,
    ],
    ["a text that never ends", () => fileOf('{"x'), /a header that is not JSON/],
    ["brackets hidden by an escaped quote", () => fileOf('{"\\"":[[[]]]}'), /brackets 4 deep/],
    ["data before nothing", () => fileOf("{}", data), /8 bytes after the last tensor/],
    ["a truncated file", () => fileOf(one({}), data.subarray(1)), /a file 1 bytes too short/],
    ["a padded file", () => fileOf(one({}), new Uint8Array(9)), /1 bytes after the last tensor/],
    ["an unknown type", () => fileOf(one({ dtype: "F31" }), data), /tensor "x": found dtype "F31"/],
    ["a type from Object.prototype", () => fileOf(one({ dtype: "constructor" }), data), /dtype "constructor"/],
    ["a negative size", () => fileOf(one({ shape: [-2] }), data), /found shape \[-2\]/],
    ["half a size", () => fileOf(one({ shape: [0.5] }), data), /found shape \[0.5\]/],
    ["sizes that overflow", () => fileOf(one({ shape: [2 ** 32, 2 ** 32] }), data), /73786976294838206464, which F32/],
    [
      "a size of 2^64",
      () => fileOf('{"x":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,8]}}', data),
      /found shape/,
    ],
    [
      "offsets of 2^64",
      () =>
        fileOf('{"x":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,18446744073709551616]}}', data),
      /found data_offsets/,
    ],
    ["offsets the wrong way", () => fileOf(one({ data_offsets: [8, 0] }), data), /found data_offsets \[8,0\]/],
    ["three offsets", () => fileOf(one({ data_offsets: [0, 4, 8] }), data), /found data_offsets/],
    [
      "no offsets",
      () => fileOf(one({ data_offsets: undefined }), data),
      /found data_offsets undefined|found data_offsets nothing/,
    ],
    ["offsets beyond the file", () => fileOf(one({ data_offsets: [8, 16] }), data), /a hole of 8 bytes before it/],
    ["too few bytes for the shape", () => fileOf(one({ shape: [3] }), data), /8 bytes of data; expected 12/],
    ["a tensor that is a number", () => fileOf('{"x":1}', data), /tensor "x": found 1/],
    ["metadata that is not text", () => fileOf('{"__metadata__":{"a":1}}'), /__metadata__ a = 1/],
    ["metadata that is a list", () => fileOf('{"__metadata__":[]}'), /__metadata__ = \[\]/],
    ["a hundred axes", () => fileOf(one({ shape: Array(100).fill(1) }), data), /at most 64/],
    [
      "overlapping tensors",
      () =>
        fileOf(
          '{"x":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}',
          data,
        ),
      /tensor "y": found data shared with another tensor/,
    ],
    [
      "a hole between tensors",
      () =>
        fileOf(
          '{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"y":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}',
          data,
        ),
      /tensor "y": found a hole of 1 bytes before it/,
    ],
    [
      "a name given twice",
      () =>
        fileOf(
          '{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"x":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}',
          data,
        ),
      /a hole of 4 bytes/,
    ],
    ["a folder", () => folder, /found something that cannot be read \(not a regular file\)/],
    ["a missing file", () => join(folder, "missing"), /missing: found nothing; expected a file/],
    [
      "a link to itself",
      () => {
        const path = join(folder, "loop");
        symlinkSync(path, path);
        return path;
      },
      /cannot be followed \(ELOOP\)/,
    ],
  ];
  test.each(cases)("%s", (_, make, message) => {
    const path = make();
    expect(() => open(path)).toThrow(message);
    expect(() => open(path)).toThrow(CheckpointError);
  });
});

test("a header padded with a megabyte of spaces is read, and one of exactly the limit is not too long", () => {
  const json = Buffer.alloc(1_000_000, " ");
  json.write("{", 0);
  json.write("}", json.length - 1);
  open(fileOf(json));
  expect(readHeaderLength(Uint8Array.of(0, 0xe1, 0xf5, 0x05, 0, 0, 0, 0), 2e8, "x")).toBe(100_000_000);
});

test("whatever the bytes, a header is accepted with tensors that cover the data once, or refused as a damaged file", () => {
  const json = fc.oneof(
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc
      .dictionary(
        fc.string(),
        fc.record(
          {
            dtype: fc.oneof(fc.constantFrom("F32", "U8", "BF16", "U64"), fc.string()),
            shape: fc.array(fc.oneof(fc.nat(3), fc.maxSafeNat(), fc.double())),
            data_offsets: fc.array(fc.oneof(fc.nat(20), fc.maxSafeInteger()), { minLength: 2, maxLength: 2 }),
          },
          { requiredKeys: [] },
        ),
        { maxKeys: 3 },
      )
      .map((object) => Buffer.from(JSON.stringify(object))),
  );
  fc.assert(
    fc.property(json, fc.nat(40), (bytes, dataBytes) => {
      expectAcceptedOrRefused(() => parseHeader(bytes, 8 + bytes.length + dataBytes, "file"), dataBytes);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test("a valid file with bytes changed, removed or added is read or refused, and never crashes the reader", () => {
  const path = join(folder, "mutated");
  writeSafetensors(path, [
    ["a", hostTensor("float32", [2, 3])],
    ["b", hostTensor("int64", [2])],
    ["c", hostTensor("bool", [0])],
  ]);
  const valid = readFileSync(path);
  const edit = fc.record({ at: fc.nat(valid.length - 1), remove: fc.nat(4), insert: fc.uint8Array({ maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let bytes = valid;
      for (const { at, remove, insert } of edits) {
        bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
      }
      expectAcceptedOrRefused(() => {
        const length = readHeaderLength(bytes.subarray(0, 8), bytes.length, "file");
        return parseHeader(bytes.subarray(8, 8 + length), bytes.length, "file");
      });
    }),
    { seed: 1, numRuns: 3000 },
  );
});

function expectAcceptedOrRefused(parse: () => ReturnType<typeof parseHeader>, dataBytes?: number): void {
  try {
    const { tensors } = parse();
    const covered = [...tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0);
    if (dataBytes !== undefined) expect(covered).toBe(dataBytes);
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
  }
}
