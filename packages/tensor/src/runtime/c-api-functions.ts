/**
 * ONNX Runtime's C API as typed functions: the one place that knows positions and signatures. A wrong one crashes the
 * process, so `self-check.ts` calls them all on a tiny model before anything else does.
 *
 * `OrtGetApiBase()` leads to a table of function pointers that only ever grows at its end. A position is the index of a
 * name in the initialiser `ort_api_1_to_N` of onnxruntime/core/session/onnxruntime_c_api.cc.
 */

import { createRequire } from "node:module";
import path from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { OnnxRuntimeError } from "../errors.ts";
import { disableTelemetry } from "./no-telemetry.ts";

/** An address. koffi gives a number below 2^53 and a bigint from there on. */
export type Pointer = number | bigint;

type Kind = "pointer" | "int" | "size" | "string" | "path" | "void";
type Signature = readonly [position: number, result: Kind, ...arguments: Kind[]];

type KindValue = { pointer: Pointer; int: number; size: number; string: string; path: string; void: undefined };
type ArgumentValues<Kinds extends readonly Kind[]> = { [Index in keyof Kinds]: KindValue[Kinds[Index]] };
interface NativeFunction<Result extends Kind, Arguments extends readonly Kind[]> {
  (...values: ArgumentValues<Arguments>): KindValue[Result];
  async(
    ...values: [...ArgumentValues<Arguments>, callback: (error: Error | null, result: KindValue[Result]) => void]
  ): void;
}

const signatures = {
  CreateStatus: [0, "pointer", "int", "string"],
  GetErrorCode: [1, "int", "pointer"],
  GetErrorMessage: [2, "string", "pointer"],
  CreateEnv: [3, "pointer", "int", "string", "pointer"],
  DisableTelemetryEvents: [6, "pointer", "pointer"],
  CreateSessionFromArray: [8, "pointer", "pointer", "pointer", "size", "pointer", "pointer"],
  CreateSessionOptions: [10, "pointer", "pointer"],
  EnableProfiling: [14, "pointer", "pointer", "path"],
  DisableMemPattern: [17, "pointer", "pointer"],
  DisableCpuMemArena: [19, "pointer", "pointer"],
  SetSessionLogSeverityLevel: [22, "pointer", "pointer", "int"],
  SetSessionGraphOptimizationLevel: [23, "pointer", "pointer", "int"],
  SetIntraOpNumThreads: [24, "pointer", "pointer", "int"],
  SessionGetInputCount: [30, "pointer", "pointer", "pointer"],
  SessionGetOutputCount: [31, "pointer", "pointer", "pointer"],
  SessionGetInputTypeInfo: [33, "pointer", "pointer", "size", "pointer"],
  SessionGetOutputTypeInfo: [34, "pointer", "pointer", "size", "pointer"],
  SessionGetInputName: [36, "pointer", "pointer", "size", "pointer", "pointer"],
  SessionGetOutputName: [37, "pointer", "pointer", "size", "pointer", "pointer"],
  CreateRunOptions: [39, "pointer", "pointer"],
  RunOptionsSetTerminate: [46, "pointer", "pointer"],
  RunOptionsUnsetTerminate: [47, "pointer", "pointer"],
  CreateTensorWithDataAsOrtValue: [49, "pointer", "pointer", "pointer", "size", "pointer", "size", "int", "pointer"],
  CastTypeInfoToTensorInfo: [55, "pointer", "pointer", "pointer"],
  GetTensorElementType: [60, "pointer", "pointer", "pointer"],
  GetDimensionsCount: [61, "pointer", "pointer", "pointer"],
  GetDimensions: [62, "pointer", "pointer", "pointer", "size"],
  GetSymbolicDimensions: [63, "pointer", "pointer", "pointer", "size"],
  CreateCpuMemoryInfo: [69, "pointer", "int", "int", "pointer"],
  AllocatorFree: [76, "pointer", "pointer", "pointer"],
  GetAllocatorWithDefaultOptions: [78, "pointer", "pointer"],
  ReleaseStatus: [93, "void", "pointer"],
  ReleaseSession: [95, "void", "pointer"],
  ReleaseValue: [96, "void", "pointer"],
  ReleaseRunOptions: [97, "void", "pointer"],
  ReleaseTypeInfo: [98, "void", "pointer"],
  ReleaseSessionOptions: [100, "void", "pointer"],
  SessionEndProfiling: [110, "pointer", "pointer", "pointer", "pointer"],
  CreateEnvWithGlobalThreadPools: [119, "pointer", "int", "string", "pointer", "pointer"],
  DisablePerSessionThreads: [120, "pointer", "pointer"],
  CreateThreadingOptions: [121, "pointer", "pointer"],
  ReleaseThreadingOptions: [122, "void", "pointer"],
  AddSessionConfigEntry: [130, "pointer", "pointer", "string", "string"],
  RunWithBinding: [133, "pointer", "pointer", "pointer", "pointer"],
  CreateIoBinding: [134, "pointer", "pointer", "pointer"],
  ReleaseIoBinding: [135, "void", "pointer"],
  BindInput: [136, "pointer", "pointer", "string", "pointer"],
  BindOutput: [137, "pointer", "pointer", "string", "pointer"],
  SetGlobalIntraOpNumThreads: [147, "pointer", "pointer", "int"],
  SetGlobalInterOpNumThreads: [148, "pointer", "pointer", "int"],
  SetGlobalSpinControl: [149, "pointer", "pointer", "int"],
  AddInitializer: [150, "pointer", "pointer", "string", "pointer"],
  CreatePrepackedWeightsContainer: [166, "pointer", "pointer"],
  ReleasePrepackedWeightsContainer: [167, "void", "pointer"],
  CreateSessionFromArrayWithPrepackedWeightsContainer: [
    169,
    "pointer",
    "pointer",
    "pointer",
    "size",
    "pointer",
    "pointer",
    "pointer",
  ],
} as const satisfies Record<string, Signature>;

export type NativeFunctions = {
  readonly [Name in keyof typeof signatures]: (typeof signatures)[Name] extends readonly [
    number,
    infer Result extends Kind,
    ...infer Arguments extends readonly Kind[],
  ]
    ? NativeFunction<Result, Arguments>
    : never;
};

/** The newest function above came with version 1.10; a later table begins with the same positions. */
const apiVersion = 10;

const koffiTypes: Record<Kind, string> = {
  pointer: "uintptr_t", // travels as a number, without koffi's wrapping objects
  int: "int",
  size: "size_t",
  string: "str",
  path: process.platform === "win32" ? "str16" : "str",
  void: "void",
};

const libraryFiles: Partial<Record<NodeJS.Platform, string>> = {
  linux: "libonnxruntime.so.1",
  darwin: "libonnxruntime.1.dylib",
  win32: "onnxruntime.dll",
};

/** koffi runs C on stacks of its own: 128 KiB by default for asynchronous calls, and ONNX Runtime crashes at 64. */
const stackBytes = 8 * 2 ** 20;

// koffi unloads the library, under the functions taken from it, when this object is collected.
let library: LibraryHandle | undefined;

function unavailable(found: string, expected: string): OnnxRuntimeError {
  return new OnnxRuntimeError({
    where: "ONNX Runtime's C API",
    found,
    expected,
    fix: "install the exact versions of the lock file with `npm ci`, or set MYNA_RUNTIME=n-api",
  });
}

/**
 * Loads the library that ships inside onnxruntime-node.
 *
 * @throws {OnnxRuntimeError} if this platform has none, or it is not the version that the package says
 */
export function loadNativeFunctions(): { functions: NativeFunctions; version: string } {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve("onnxruntime-node/package.json");
  const wantedVersion: string = require(manifest).version;
  const platform = `${process.platform}-${process.arch}`;
  const fileName = libraryFiles[process.platform];
  if (fileName === undefined) throw unavailable(platform, "linux, darwin or win32");
  const file = path.join(path.dirname(manifest), "bin", "napi-v6", process.platform, process.arch, fileName);

  koffi.config({ sync_stack_size: stackBytes, async_stack_size: stackBytes }); // only takes effect before a load
  disableTelemetry();
  try {
    library = koffi.load(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unavailable(`${platform}: ${reason}`, "a loadable library in onnxruntime-node");
  }
  const base: Pointer = library.func("OrtGetApiBase", "uintptr_t", [])(); // {GetApi, GetVersionString}, frozen for ever
  const entry = (table: Pointer, index: number): Pointer => koffi.decode(table, index * 8, "uintptr_t");
  const version: string = koffi.call(entry(base, 1), koffi.proto("str", []));
  if (version !== wantedVersion) throw unavailable(`version ${version}`, `version ${wantedVersion}`);
  const table: Pointer = koffi.call(entry(base, 0), koffi.proto("uintptr_t", ["uint32_t"]), apiVersion);
  if (!table) throw unavailable(`no table for API version ${apiVersion} in ${version}`, "one");

  const functions = Object.fromEntries(
    Object.entries(signatures).map(([name, [position, result, ...parameters]]) => {
      const prototype = koffi.proto(
        koffiTypes[result],
        parameters.map((kind) => koffiTypes[kind]),
      );
      return [name, koffi.decode(entry(table, position), prototype)];
    }),
  );
  return { functions: functions as NativeFunctions, version };
}

/** The address of a typed array's first byte. It holds while the array's buffer is neither collected nor detached. */
export function addressOf(view: ArrayBufferView): Pointer {
  return koffi.address(view);
}

export function readString(address: Pointer): string {
  return koffi.decode.string(address);
}
