/** The C API made usable: statuses become errors, out-pointers become results, host tensors become OrtValues. */

import { OnnxRuntimeError } from "../errors.ts";
import { onnxElementTypes } from "../onnx/element-types.ts";
import { addressOf, loadNativeFunctions, type NativeFunctions, type Pointer } from "./c-api-functions.ts";
import type { HostTensor } from "./host-tensor.ts";
import { NativeHandle } from "./native-handle.ts";

/** The loaded library and what every session needs from it. */
export interface CApi {
  readonly functions: NativeFunctions;
  readonly version: string;
  /** Throws what a status says, and frees it. `where` names the action for the reader. */
  check(where: string, status: Pointer): void;
  /** Calls a function whose last parameter is `T** out`, and returns what it wrote. */
  result(where: string, call: (out: Pointer) => Pointer): Pointer;
  /** The same for `size_t* out` and `int* out`. */
  number(where: string, call: (out: Pointer) => Pointer): number;
  /** The OrtValue over a tensor's memory, made once for each tensor and freed after it. */
  nativeValue(tensor: HostTensor): Pointer;
  readonly allocator: Pointer;
}

/** OrtErrorCode, from 1. */
const errorNames = [
  "failure",
  "invalid argument",
  "no such file",
  "no model",
  "engine error",
  "runtime exception",
  "invalid protobuf",
  "model loaded",
  "not implemented",
  "invalid graph",
  "execution provider failure",
  "model load cancelled",
];

/** @throws {OnnxRuntimeError} as loadNativeFunctions */
export function openCApi(): CApi {
  const { functions, version } = loadNativeFunctions();

  const check = (where: string, status: Pointer): void => {
    if (!status) return;
    const code = functions.GetErrorCode(status);
    const message = functions.GetErrorMessage(status);
    functions.ReleaseStatus(status);
    throw new OnnxRuntimeError({
      where,
      found: `${errorNames[code - 1] ?? `error ${code}`} in ONNX Runtime (${message.trim().replace(/\.$/, "")})`,
      expected: "a model and buffers that ONNX Runtime accepts",
      fix: "correct the operator that the message names",
    });
  };
  const cell = new BigUint64Array(new ArrayBuffer(8)); // read at once after each call, so one is enough
  const cellAddress = addressOf(cell);
  const result = (where: string, call: (out: Pointer) => Pointer): Pointer => {
    cell[0] = 0n; // an int fills four of the eight bytes
    check(where, call(cellAddress));
    return cell[0];
  };
  const number = (where: string, call: (out: Pointer) => Pointer): number => Number(result(where, call));

  const deviceAllocator = 0;
  const defaultMemory = 0;
  const memoryInfo = result("memory", (out) => functions.CreateCpuMemoryInfo(deviceAllocator, defaultMemory, out));
  const values = new WeakMap<HostTensor, NativeHandle>();
  const collectedTensors = new FinalizationRegistry<NativeHandle>((value) => value.letGo());
  const nativeValue = (tensor: HostTensor): Pointer => {
    const known = values.get(tensor);
    if (known !== undefined) return known.pointer;
    const { data, shape, type } = tensor;
    const sizes = BigInt64Array.from(shape.length === 0 ? [0n] : shape.map(BigInt)); // an address even for a scalar
    const pointer = result("tensor", (out) =>
      functions.CreateTensorWithDataAsOrtValue(
        memoryInfo,
        addressOf(data),
        data.byteLength,
        addressOf(sizes),
        shape.length,
        onnxElementTypes[type],
        out,
      ),
    );
    const handle = new NativeHandle(pointer, functions.ReleaseValue);
    values.set(tensor, handle);
    collectedTensors.register(tensor, handle);
    return pointer;
  };
  const allocator = result("allocator", (out) => functions.GetAllocatorWithDefaultOptions(out));
  return { functions, version, check, result, number, nativeValue, allocator };
}
