/** Reads safetensors files tensor by tensor: opening one costs its header, whatever its size. */
import { closeSync } from "node:fs";
import { bfloat16ToFloat32, float16ToFloat32, type HostTensor, hostTensor } from "@myna/tensor";
import { CheckpointError } from "../errors.ts";
import { openRegularFile, readExactly } from "../files/open-regular.ts";
import { hostTypeOf, readableTypes } from "./element-types.ts";
import { lengthBytes, parseHeader, readHeaderLength, type SafetensorsHeader, type StoredTensor } from "./header.ts";

export class SafetensorsFile {
  readonly path: string;
  readonly #header: SafetensorsHeader;
  readonly #file: number;

  /** @throws {CheckpointError} if the file is missing, or its header is damaged or does not describe its contents */
  constructor(path: string) {
    const { file, bytes } = openRegularFile(path);
    try {
      const prefix = new Uint8Array(Math.min(lengthBytes, bytes));
      readExactly(file, prefix, 0, path);
      const json = new Uint8Array(readHeaderLength(prefix, bytes, path));
      readExactly(file, json, lengthBytes, path);
      this.#header = parseHeader(json, bytes, path);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    this.path = path;
    this.#file = file;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#header.metadata;
  }

  /** By name, in the order in which they lie in the file. */
  get tensors(): ReadonlyMap<string, StoredTensor> {
    return this.#header.tensors;
  }

  /** A tensor as it is stored. @throws {CheckpointError} for an unknown name, or a type that host tensors do not have */
  read(name: string): HostTensor {
    const stored = this.#stored(name);
    const type = hostTypeOf(stored.storedType);
    if (type === undefined) return this.#refuseType(stored, readableTypes.join(", "));
    const tensor = hostTensor(type, stored.shape);
    const { buffer, byteOffset, byteLength } = tensor.data;
    this.#fill(stored, new Uint8Array(buffer, byteOffset, byteLength));
    return tensor;
  }

  /**
   * A tensor of 16- or 32-bit floats as f32.
   *
   * @param target where the numbers go, as many as the tensor has; default: an array of their own
   * @throws {CheckpointError} for an unknown name, or a type that is not such a float
   */
  readFloat32(name: string, target?: Float32Array<ArrayBuffer>): HostTensor<"float32"> {
    const stored = this.#stored(name);
    const tensor = hostTensor("float32", stored.shape, target);
    const { data } = tensor;
    switch (stored.storedType) {
      case "F32":
        this.#fill(stored, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        break;
      case "BF16":
        bfloat16ToFloat32(this.#bits16(stored), data);
        break;
      case "F16":
        float16ToFloat32(this.#bits16(stored), data);
        break;
      default:
        return this.#refuseType(stored, "F32, BF16 or F16");
    }
    return tensor;
  }

  close(): void {
    closeSync(this.#file);
  }

  #bits16(stored: StoredTensor): Uint16Array<ArrayBuffer> {
    const bytes = new Uint8Array(new ArrayBuffer(stored.end - stored.start));
    this.#fill(stored, bytes);
    return new Uint16Array(bytes.buffer);
  }

  #fill({ start }: StoredTensor, bytes: Uint8Array): void {
    readExactly(this.#file, bytes, start, this.path);
  }

  #stored(name: string): StoredTensor {
    const stored = this.tensors.get(name);
    if (stored !== undefined) return stored;
    throw new CheckpointError({
      where: this.path,
      found: `no tensor "${name}"`,
      expected: `one of its ${this.tensors.size} tensors`,
      fix: "use the checkpoint that the configuration belongs to",
    });
  }

  #refuseType({ name, storedType }: StoredTensor, expected: string): never {
    throw new CheckpointError({
      where: `${this.path}, tensor "${name}"`,
      found: `dtype ${storedType}`,
      expected,
      fix: "convert the checkpoint to one of these types",
    });
  }
}

/**
 * Every tensor of a file, as stored.
 *
 * @throws {CheckpointError} as SafetensorsFile
 */
export function readSafetensors(path: string): {
  tensors: Map<string, HostTensor>;
  metadata: ReadonlyMap<string, string>;
} {
  const file = new SafetensorsFile(path);
  try {
    return {
      tensors: new Map([...file.tensors.keys()].map((name) => [name, file.read(name)])),
      metadata: file.metadata,
    };
  } finally {
    file.close();
  }
}
