/** A session through the C API: options in, a model's inputs and outputs out. */

import path from "node:path";
import { OnnxRuntimeError } from "../errors.ts";
import { elementTypeOf } from "../onnx/element-types.ts";
import { CApiBinding } from "./c-api-binding.ts";
import { addressOf, type Pointer, readString } from "./c-api-functions.ts";
import type { CApi } from "./c-api-values.ts";
import { checkAllInputsBound, unsupportedType } from "./check-binding.ts";
import type { HostTensor } from "./host-tensor.ts";
import { NativeHandle, NativeOwner } from "./native-handle.ts";
import type { Binding, PrepackedWeights, Session, SessionOptions, ValueInfo } from "./runtime.ts";

export class CApiPrepackedWeights extends NativeOwner implements PrepackedWeights {
  constructor(api: CApi) {
    const { CreatePrepackedWeightsContainer, ReleasePrepackedWeightsContainer } = api.functions;
    const pointer = api.result("prepacked weights", (out) => CreatePrepackedWeightsContainer(out));
    super("prepacked weights", new NativeHandle(pointer, ReleasePrepackedWeightsContainer));
  }
}

/** GraphOptimizationLevel */
const optimisationLevels = { none: 0, basic: 1, all: 99 } as const;
/** OrtLoggingLevel: errors are thrown, so they need not be printed as well. */
export const fatalOnly = 4;

/** ONNX Runtime wants the file behind an external initialiser to exist, even if it never reads it: this empty one. */
const placeholderFolder = path.join(import.meta.dirname, "placeholder");

/** What an environment with or without a shared pool of threads means for a session. */
export interface CApiEnvironment {
  readonly pointer: Pointer;
  /** 0 when there is no shared pool. */
  readonly sharedThreads: number;
}

function configEntries(options: SessionOptions, hasOwnThreads: boolean): Record<string, string> {
  const entries: Record<string, string> = {};
  if (hasOwnThreads) {
    const spinning = options.spinning ?? "between-runs-off";
    entries["session.intra_op.allow_spinning"] = spinning === "off" ? "0" : "1";
    entries["session.force_spinning_stop"] = spinning === "between-runs-off" ? "1" : "0";
  }
  if (options.denormalsAsZero) entries["session.set_denormal_as_zero"] = "1";
  if (options.disablePrepacking) entries["session.disable_prepacking"] = "1";
  if (options.initializers) entries["session.model_external_initializers_file_folder_path"] = placeholderFolder;
  return entries;
}

function configure(api: CApi, environment: CApiEnvironment, settings: Pointer, options: SessionOptions): void {
  const { functions } = api;
  const set = (status: Pointer): void => api.check("session options", status);
  const hasOwnThreads = options.threads !== undefined || environment.sharedThreads === 0;
  if (hasOwnThreads) set(functions.SetIntraOpNumThreads(settings, options.threads ?? 0));
  else set(functions.DisablePerSessionThreads(settings));
  set(functions.SetSessionLogSeverityLevel(settings, fatalOnly));
  set(functions.SetSessionGraphOptimizationLevel(settings, optimisationLevels[options.optimise ?? "none"]));
  if (options.memoryPattern !== true) set(functions.DisableMemPattern(settings));
  if (options.arena === false) set(functions.DisableCpuMemArena(settings));
  if (options.profilePrefix !== undefined) set(functions.EnableProfiling(settings, options.profilePrefix));
  for (const [key, value] of Object.entries(configEntries(options, hasOwnThreads))) {
    set(functions.AddSessionConfigEntry(settings, key, value));
  }
  for (const [name, tensor] of Object.entries(options.initializers ?? {})) {
    api.check(`initializer "${name}"`, functions.AddInitializer(settings, name, api.nativeValue(tensor)));
  }
}

function createHandle(
  api: CApi,
  environment: CApiEnvironment,
  model: Uint8Array,
  options: SessionOptions,
): NativeHandle {
  const { functions } = api;
  const prepacked = options.prepacked;
  if (prepacked !== undefined && !(prepacked instanceof CApiPrepackedWeights)) {
    throw new OnnxRuntimeError({
      where: "session",
      found: "prepacked weights of another runtime",
      expected: "weights from createPrepackedWeights of this runtime",
      fix: "make them with the runtime that makes the session",
    });
  }
  const settings = api.result("session options", (out) => functions.CreateSessionOptions(out));
  try {
    configure(api, environment, settings, options);
    const address = addressOf(model); // the model is parsed into a copy, so the bytes need not outlive this call
    const container = prepacked?.handle;
    const pointer = api.result("model", (out) =>
      container === undefined
        ? functions.CreateSessionFromArray(environment.pointer, address, model.byteLength, settings, out)
        : functions.CreateSessionFromArrayWithPrepackedWeightsContainer(
            environment.pointer,
            address,
            model.byteLength,
            settings,
            container.pointer,
            out,
          ),
    );
    return new NativeHandle(pointer, functions.ReleaseSession, container === undefined ? [] : [container]);
  } finally {
    functions.ReleaseSessionOptions(settings);
  }
}

function takeString(api: CApi, address: Pointer): string {
  const text = readString(address);
  api.check("allocator", api.functions.AllocatorFree(api.allocator, address));
  return text;
}

function describeValues(api: CApi, session: Pointer, side: "Input" | "Output"): ValueInfo[] {
  const { functions } = api;
  const { CastTypeInfoToTensorInfo, GetTensorElementType, GetDimensionsCount, GetDimensions } = functions;
  const count = api.number("session", (out) => functions[`SessionGet${side}Count`](session, out));
  return Array.from({ length: count }, (_, index) => {
    const name = takeString(
      api,
      api.result("session", (out) => functions[`SessionGet${side}Name`](session, index, api.allocator, out)),
    );
    const typeInfo = api.result("session", (out) => functions[`SessionGet${side}TypeInfo`](session, index, out));
    try {
      const tensorInfo = api.result("session", (out) => CastTypeInfoToTensorInfo(typeInfo, out));
      const number = tensorInfo ? api.number("session", (out) => GetTensorElementType(tensorInfo, out)) : 0;
      const type = elementTypeOf(number);
      if (type === undefined) throw unsupportedType(`${side.toLowerCase()} "${name}"`, number);
      const rank = api.number("session", (out) => GetDimensionsCount(tensorInfo, out));
      const sizes = new BigInt64Array(new ArrayBuffer(8 * Math.max(rank, 1)));
      const names = new BigUint64Array(new ArrayBuffer(8 * Math.max(rank, 1)));
      api.check("session", GetDimensions(tensorInfo, addressOf(sizes), rank));
      api.check("session", functions.GetSymbolicDimensions(tensorInfo, addressOf(names), rank));
      const shape = Array.from({ length: rank }, (_, axis) => {
        const size = Number(sizes[axis]);
        return size >= 0 ? size : readString(names[axis]!) || "?";
      });
      return { name, type, shape };
    } finally {
      functions.ReleaseTypeInfo(typeInfo);
    }
  });
}

export class CApiSession extends NativeOwner implements Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly declaredInputs: ReadonlyMap<string, ValueInfo>;
  readonly declaredOutputs: ReadonlyMap<string, ValueInfo>;
  /** Shared initialisers are read in every run, so they must live as long as this. */
  readonly initializers: SessionOptions["initializers"];
  readonly #api: CApi;

  constructor(api: CApi, environment: CApiEnvironment, model: Uint8Array, options: SessionOptions) {
    super("session", createHandle(api, environment, model, options));
    this.#api = api;
    this.initializers = options.initializers;
    this.inputs = describeValues(api, this.handle.pointer, "Input");
    this.outputs = describeValues(api, this.handle.pointer, "Output");
    this.declaredInputs = new Map(this.inputs.map((value) => [value.name, value]));
    this.declaredOutputs = new Map(this.outputs.map((value) => [value.name, value]));
  }

  get inputNames(): readonly string[] {
    return this.inputs.map((value) => value.name);
  }

  get outputNames(): readonly string[] {
    return this.outputs.map((value) => value.name);
  }

  bind(inputs: Readonly<Record<string, HostTensor>>, outputs: Readonly<Record<string, HostTensor>>): Binding {
    checkAllInputsBound(this.declaredInputs, new Set(Object.keys(inputs)));
    const binding = new CApiBinding(this.#api, this);
    try {
      for (const [name, tensor] of Object.entries(inputs)) binding.setInput(name, tensor);
      for (const [name, tensor] of Object.entries(outputs)) binding.setOutput(name, tensor);
    } catch (error) {
      binding.release();
      throw error;
    }
    return binding;
  }

  endProfiling(): string {
    const { functions, allocator } = this.#api;
    const session = this.handle.pointer;
    const name = this.#api.result("profile", (out) => functions.SessionEndProfiling(session, allocator, out));
    return takeString(this.#api, name);
  }
}
