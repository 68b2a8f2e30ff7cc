/**
 * What the rest of the package sees of ONNX Runtime: sessions made from model bytes, and bindings that run them over
 * buffers chosen once. `c-api.ts` and `n-api.ts` implement it; `open-runtime.ts` picks one of them.
 */

import type { ElementType, HostTensor } from "./host-tensor.ts";

/** Weights in the layout that the kernels want, made once and shared by every session that is given the container. */
export interface PrepackedWeights {
  /** Frees the container once the last session that uses it is released as well. */
  release(): void;
}

export interface SessionOptions {
  /**
   * A thread pool of this session's own, of so many threads. Absent: the pool that all sessions of the process share,
   * so that sessions taking turns do not fight for the cores.
   */
  readonly threads?: number;
  /**
   * Whether idle threads of an own pool spin while they wait. "on" gives the fastest lone session; "between-runs-off"
   * spins within a run only. Says nothing about the shared pool, which spins. Default "between-runs-off".
   */
  readonly spinning?: "on" | "between-runs-off" | "off";
  /**
   * Values of the model's external initialisers, by name, used where they lie. Sessions given the same tensors share
   * their memory. A value that shape inference needs (the target of a Reshape) must be in the model instead.
   */
  readonly initializers?: Readonly<Record<string, HostTensor>>;
  readonly prepacked?: PrepackedWeights;
  /** Read `initializers` anew in every run, so that edits in place are seen. Slower, and far slower for 4 and 8 bits. */
  readonly disablePrepacking?: boolean;
  /** Keep freed intermediate buffers for the next run. Default true: without it runs take about a third longer. */
  readonly arena?: boolean;
  /**
   * Plan one block for all intermediate buffers after the first run. Default false: that block comes on top of what the
   * first run left in the arena, which doubles a training step's memory and saves no time that could be measured.
   */
  readonly memoryPattern?: boolean;
  /** ONNX Runtime's own graph rewriting. Default "none": the emitted graphs are fused already and load 2–4 times faster. */
  readonly optimise?: "none" | "basic" | "all";
  /** Flush denormal floats to zero in an own pool of threads. */
  readonly denormalsAsZero?: boolean;
  /** Write a Chrome trace to a file whose name starts with this; see `endProfiling`. */
  readonly profilePrefix?: string;
}

/** An input or output as the model declares it; a name stands for a size that may change between runs. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/**
 * Buffers bound to a session's inputs and outputs. One tensor may be bound twice, as an input and as an output: a
 * key/value cache grows in place that way, provided that the operator allows it.
 */
export interface Binding {
  /** @throws {ShapeError} for an unknown name, another type or another shape; the binding keeps what it had */
  setInput(name: string, tensor: HostTensor): void;
  /** @throws {ShapeError} as setInput */
  setOutput(name: string, tensor: HostTensor): void;
  /** Blocks until the outputs are written. @throws {OnnxRuntimeError} */
  run(): void;
  /**
   * Runs beside the event loop (on one of libuv's four worker threads; the N-API runtime blocks instead). An aborted
   * signal ends the run between two operators; the outputs then hold anything.
   *
   * @throws {DOMException} named AbortError when the signal ended it
   * @throws {OnnxRuntimeError}
   */
  runAsync(options?: { readonly signal?: AbortSignal }): Promise<void>;
  release(): void;
}

export interface Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Every input and every wanted output by name. @throws {ShapeError} as Binding.setInput, or when an input is missing */
  bind(inputs: Readonly<Record<string, HostTensor>>, outputs: Readonly<Record<string, HostTensor>>): Binding;
  /** Live bindings keep working; the memory goes with the last of them. */
  release(): void;
  /** Path of the trace that `profilePrefix` asked for. */
  endProfiling(): string;
}

export interface Runtime {
  readonly kind: "c-api" | "n-api";
  /** ONNX Runtime's version, "1.30.0". */
  readonly version: string;
  /** Threads of the shared pool; 0 when this process has none and every session brings its own. */
  readonly sharedThreads: number;
  /** @throws {OnnxRuntimeError} when the model is refused */
  createSession(model: Uint8Array, options?: SessionOptions): Session;
  createPrepackedWeights(): PrepackedWeights;
}
