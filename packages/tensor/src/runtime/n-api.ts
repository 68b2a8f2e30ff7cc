/**
 * ONNX Runtime through the binding that onnxruntime-node ships: the fallback where the C API cannot be called. The same
 * results at a price: every output is copied, weights are copied into the model and never shared, `runAsync` blocks the
 * event loop, and an abort is noticed only before a run.
 */

import { createRequire } from "node:module";
import type { Tensor as OrtTensor, TensorConstructor } from "onnxruntime-node";
import { OnnxRuntimeError } from "../errors.ts";
import { elementTypeOf } from "../onnx/element-types.ts";
import { abortError, checkAllInputsBound, checkAttached, checkBinding, unsupportedType } from "./check-binding.ts";
import type { HostTensor } from "./host-tensor.ts";
import { inlineInitializers } from "./inline-initializers.ts";
import { disableTelemetry } from "./no-telemetry.ts";
import type { Binding, PrepackedWeights, Runtime, Session, SessionOptions, ValueInfo } from "./runtime.ts";
import { selfCheck } from "./self-check.ts";

/** The synchronous object under onnxruntime-node's asynchronous one; the package does not type it. */
interface NativeSession {
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: object): void;
  readonly inputMetadata: readonly NativeMetadata[];
  readonly outputMetadata: readonly NativeMetadata[];
  run(feeds: Record<string, OrtTensor>, fetches: Record<string, null>, options: object): Record<string, OrtTensor>;
  endProfiling(): void;
  dispose(): void;
}

interface NativeMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type: number;
  readonly shape: readonly number[];
  readonly symbolicDimensions: readonly string[];
}

interface NativeBinding {
  readonly binding: { readonly InferenceSession: new () => NativeSession };
  initOrt(): void;
}

function native<Result>(where: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new OnnxRuntimeError(
      {
        where,
        found: `an error in ONNX Runtime (${message.trim().replace(/\.$/, "")})`,
        expected: "a model and buffers that ONNX Runtime accepts",
        fix: "correct the operator that the message names",
      },
      { cause: error },
    );
  }
}

function describeValues(side: string, metadata: readonly NativeMetadata[]): ValueInfo[] {
  return metadata.map(({ name, isTensor, type, shape, symbolicDimensions }) => {
    const elementType = isTensor ? elementTypeOf(type) : undefined;
    if (elementType === undefined) throw unsupportedType(`${side} "${name}"`, type);
    const sizes = shape.map((size, axis) => (size >= 0 ? size : symbolicDimensions[axis] || "?"));
    return { name, type: elementType, shape: sizes };
  });
}

/** The same memory as the binding's own tensor class. */
function toOrtTensor(OrtTensorKind: TensorConstructor, where: string, { type, shape, data }: HostTensor): OrtTensor {
  if (type === "bfloat16") throw unsupportedType(`${where} through the N-API runtime`, type);
  const ortTensor = new OrtTensorKind(type, data as Float32Array, shape); // each kind takes its own array, as HostTensor does
  // onnxruntime-common wraps the bits in a Float16Array, which version 1.30's native side reads as empty.
  if (type === "float16") Object.assign(ortTensor, { cpuData: data });
  return ortTensor;
}

class NApiBinding implements Binding {
  readonly #session: NApiSession;
  readonly #inputs = new Map<string, HostTensor>();
  readonly #outputs = new Map<string, HostTensor>();
  #isReleased = false;

  constructor(session: NApiSession) {
    this.#session = session;
    session.users++;
  }

  setInput(name: string, tensor: HostTensor): void {
    this.#assertLive();
    checkBinding("input", this.#session.declaredInputs, name, tensor);
    this.#inputs.set(name, tensor);
  }

  setOutput(name: string, tensor: HostTensor): void {
    this.#assertLive();
    checkBinding("output", this.#session.declaredOutputs, name, tensor);
    this.#outputs.set(name, tensor);
  }

  run(): void {
    this.#assertLive();
    const feeds: Record<string, OrtTensor> = {};
    const fetches: Record<string, null> = {};
    for (const [name, tensor] of this.#inputs) {
      checkAttached("input", name, tensor);
      feeds[name] = toOrtTensor(this.#session.OrtTensorKind, `input "${name}"`, tensor);
    }
    for (const [name, tensor] of this.#outputs) {
      checkAttached("output", name, tensor);
      fetches[name] = null;
    }
    const results = native("run", () => this.#session.native.run(feeds, fetches, {}));
    for (const [name, tensor] of this.#outputs) copyInto(name, tensor, results[name]!);
  }

  async runAsync({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#assertLive();
    if (signal?.aborted) throw abortError();
    this.run();
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#inputs.clear();
    this.#outputs.clear();
    this.#session.letGo();
  }

  #assertLive(): void {
    if (this.#isReleased) throw usedAfterRelease("binding");
  }
}

function usedAfterRelease(where: string): OnnxRuntimeError {
  return new OnnxRuntimeError({
    where,
    found: "a use after release()",
    expected: "a live object",
    fix: "release it only when nothing will use it again",
  });
}

function copyInto(name: string, tensor: HostTensor, result: OrtTensor): void {
  const source = result.data as ArrayBufferView;
  if (source.byteLength !== tensor.data.byteLength) {
    throw new OnnxRuntimeError({
      where: `output "${name}"`,
      found: `[${result.dims}] computed`,
      expected: `[${tensor.shape}], the bound tensor's shape`,
      fix: "bind a tensor of the shape that these inputs give",
    });
  }
  const { buffer, byteOffset, byteLength } = tensor.data;
  new Uint8Array(buffer, byteOffset, byteLength).set(
    new Uint8Array(source.buffer, source.byteOffset, source.byteLength),
  );
}

class NApiSession implements Session {
  readonly native: NativeSession;
  readonly OrtTensorKind: TensorConstructor;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly declaredInputs: ReadonlyMap<string, ValueInfo>;
  readonly declaredOutputs: ReadonlyMap<string, ValueInfo>;
  users = 1;
  #isReleased = false;

  constructor(native: NativeSession, OrtTensorKind: TensorConstructor) {
    this.native = native;
    this.OrtTensorKind = OrtTensorKind;
    this.inputs = describeValues("input", native.inputMetadata);
    this.outputs = describeValues("output", native.outputMetadata);
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
    if (this.#isReleased) throw usedAfterRelease("session");
    checkAllInputsBound(this.declaredInputs, new Set(Object.keys(inputs)));
    const binding = new NApiBinding(this);
    try {
      for (const [name, tensor] of Object.entries(inputs)) binding.setInput(name, tensor);
      for (const [name, tensor] of Object.entries(outputs)) binding.setOutput(name, tensor);
    } catch (error) {
      binding.release();
      throw error;
    }
    return binding;
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.letGo();
  }

  letGo(): void {
    if (--this.users === 0) this.native.dispose();
  }

  endProfiling(): string {
    throw new OnnxRuntimeError({
      where: "endProfiling",
      found: "the N-API runtime",
      expected: "the C API runtime, which alone tells where the trace is",
      fix: "unset MYNA_RUNTIME",
    });
  }
}

const optimisationLevels = { none: "disabled", basic: "basic", all: "all" } as const;

function nativeOptions(options: SessionOptions): object {
  const spinning = options.spinning ?? "between-runs-off";
  return {
    intraOpNumThreads: options.threads ?? 0,
    logSeverityLevel: 4, // errors are thrown, so they need not be printed as well
    graphOptimizationLevel: optimisationLevels[options.optimise ?? "none"],
    enableCpuMemArena: options.arena ?? true,
    enableMemPattern: options.memoryPattern ?? false,
    extra: {
      session: {
        force_spinning_stop: spinning === "between-runs-off" ? "1" : "0",
        set_denormal_as_zero: options.denormalsAsZero ? "1" : "0",
        intra_op: { allow_spinning: spinning === "off" ? "0" : "1" },
      },
    },
  };
}

class NApiRuntime implements Runtime {
  readonly kind = "n-api";
  readonly sharedThreads = 0;
  readonly version: string;
  readonly #NativeSession: new () => NativeSession;
  readonly #OrtTensorKind: TensorConstructor;

  constructor(version: string, Session: new () => NativeSession, OrtTensorKind: TensorConstructor) {
    this.version = version;
    this.#NativeSession = Session;
    this.#OrtTensorKind = OrtTensorKind;
  }

  createSession(model: Uint8Array, options: SessionOptions = {}): Session {
    if (options.disablePrepacking && options.initializers) {
      throw new OnnxRuntimeError({
        where: "session",
        found: "weights to be edited in place",
        expected: "the C API runtime, because this one copies weights",
        fix: "unset MYNA_RUNTIME, or pass the weights as inputs of the model",
      });
    }
    if (options.profilePrefix !== undefined) {
      throw new OnnxRuntimeError({
        where: "session",
        found: "profilePrefix with the N-API runtime",
        expected: "the C API runtime, which alone tells where the trace is",
        fix: "unset MYNA_RUNTIME",
      });
    }
    const bytes = options.initializers ? inlineInitializers(model, options.initializers) : model;
    const session = new this.#NativeSession();
    native("model", () => session.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, nativeOptions(options)));
    return new NApiSession(session, this.#OrtTensorKind);
  }

  createPrepackedWeights(): PrepackedWeights {
    // Each session packs for itself here, so there is nothing to hold.
    return { release: () => undefined };
  }
}

/** @throws {OnnxRuntimeError} if the binding cannot be loaded or fails the self-check */
export function openNApiRuntime(): Runtime {
  disableTelemetry(); // before the library is loaded
  const require = createRequire(import.meta.url);
  const runtime = native("N-API runtime", () => {
    const { binding, initOrt }: NativeBinding = require("onnxruntime-node/dist/binding.js");
    initOrt();
    const { version }: { version: string } = require("onnxruntime-node/package.json");
    const { Tensor }: { Tensor: TensorConstructor } = require("onnxruntime-node");
    return new NApiRuntime(version, binding.InferenceSession, Tensor);
  });
  selfCheck(runtime);
  return runtime;
}
