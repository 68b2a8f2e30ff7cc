/**
 * One WebAssembly memory in which parameters, gradients and moments lie side by side, where both the SIMD kernels and
 * ONNX Runtime reach them without a copy.
 */

import { readFileSync } from "node:fs";
import { ArenaFullError, ShapeError } from "../errors.ts";

/** Exports of kernels.wasm; see assembly/kernels.ts. Addresses in bytes, lengths in floats. */
export interface Kernels {
  sumOfSquares(x: number, length: number): number;
  firstNonFinite(x: number, length: number): number;
  accumulate(target: number, source: number, length: number): void;
  scale(x: number, length: number, factor: number): void;
  adamw(
    parameter: number,
    gradient: number,
    firstMoment: number,
    secondMoment: number,
    length: number,
    stepSize: number,
    correction: number,
    epsilon: number,
    decay: number,
    gradientScale: number,
    beta1: number,
    beta2: number,
    oneMinusBeta1: number,
    oneMinusBeta2: number,
  ): void;
}

export type ArenaView = Float32Array<ArrayBuffer>;

const pageBytes = 65_536;
const maximumPages = 65_536; // 32-bit addresses
const cacheLineBytes = 64;
/** Nothing lies at either end, so an end address never wraps to 0. */
const marginBytes = cacheLineBytes;

const arenaKernels = new WeakMap<ArrayBuffer, Kernels>();
let compiled: WebAssembly.Module | undefined;

function instantiate(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}

/** @throws {ShapeError} if the view is not from an arena */
export function kernelsOf(view: ArenaView): Kernels {
  const kernels = arenaKernels.get(view.buffer);
  if (kernels !== undefined) return kernels;
  throw new ShapeError({
    where: "kernel",
    found: "an array outside every arena",
    expected: "a view from WasmArena.allocate",
    fix: "copy the values into one",
  });
}

/**
 * A region of fixed size, reserved at once because growing would detach every view. Pages cost memory when they are
 * first written, so reserving generously is cheap.
 */
export class WasmArena {
  readonly capacityBytes: number;
  readonly #buffer: ArrayBuffer;
  #usedBytes = 0;
  /** Bytes below this were handed out once and may not be zero. */
  #dirtyBytes = 0;

  /** Bytes that hold arrays of these lengths, for the constructor. */
  static bytesFor(lengths: Iterable<number>): number {
    let bytes = 0;
    for (const length of lengths) bytes += alignedBytes(length);
    return bytes;
  }

  /** @throws {ArenaFullError} beyond 4 GiB, or when the system refuses the reservation */
  constructor(bytes: number) {
    const pages = Math.max(1, Math.ceil((bytes + 2 * marginBytes) / pageBytes));
    if (!Number.isSafeInteger(pages) || pages > maximumPages) {
      throw new ArenaFullError({
        where: "WasmArena",
        found: `${bytes} bytes wanted`,
        expected: `at most ${maximumPages * pageBytes - 2 * marginBytes} (4 GiB, about 250 M parameters with AdamW)`,
        fix: "train with the optimiser inside the graph, which takes over beyond that",
      });
    }
    const memory = reserve(pages);
    this.#buffer = memory.buffer as ArrayBuffer;
    this.capacityBytes = pages * pageBytes - 2 * marginBytes;
    arenaKernels.set(this.#buffer, instantiate(memory));
  }

  get bytesUsed(): number {
    return this.#usedBytes;
  }

  /**
   * @param floats length of the array
   * @returns zeros, aligned to 64 bytes
   * @throws {ArenaFullError}
   */
  allocate(floats: number): ArenaView {
    const bytes = alignedBytes(floats);
    if (this.#usedBytes + bytes > this.capacityBytes) {
      throw new ArenaFullError({
        where: "WasmArena",
        found: `${bytes} bytes wanted with ${this.capacityBytes - this.#usedBytes} free`,
        expected: `all arrays within the ${this.capacityBytes} bytes reserved`,
        fix: "reserve WasmArena.bytesFor(all lengths), or train with the optimiser inside the graph beyond 4 GiB",
      });
    }
    const view = new Float32Array(this.#buffer, marginBytes + this.#usedBytes, floats);
    if (this.#usedBytes < this.#dirtyBytes) view.fill(0);
    this.#usedBytes += bytes;
    this.#dirtyBytes = Math.max(this.#dirtyBytes, this.#usedBytes);
    return view;
  }

  /** Takes everything back: views handed out so far will share memory with new ones. */
  freeAll(): void {
    this.#usedBytes = 0;
  }
}

function alignedBytes(floats: number): number {
  return Math.ceil((floats * Float32Array.BYTES_PER_ELEMENT) / cacheLineBytes) * cacheLineBytes;
}

function reserve(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    throw new ArenaFullError(
      {
        where: "WasmArena",
        found: `the system refused ${pages * pageBytes} bytes`,
        expected: "that much free address space",
        fix: "free memory, use a smaller model, or train with the optimiser inside the graph",
      },
      { cause: error },
    );
  }
}
