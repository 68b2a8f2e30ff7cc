/** From a traced program to something that runs: passes, ONNX, a session. */
import { ShapeError } from "./errors.ts";
import { printProgram } from "./ir/print.ts";
import type { Program, Value } from "./ir/program.ts";
import { isSymbolic, lengthName } from "./ir/symbolic-length.ts";
import { emitModel } from "./onnx/emit.ts";
import { encodeModel } from "./onnx/encode.ts";
import { type OptimiseOptions, optimise } from "./passes/optimise.ts";
import { type HostTensor, hostTensor } from "./runtime/host-tensor.ts";
import { openRuntime } from "./runtime/open-runtime.ts";
import type { Binding, Runtime, Session, SessionOptions, ValueInfo } from "./runtime/runtime.ts";

export interface CompileOptions
  extends OptimiseOptions,
    Pick<
      SessionOptions,
      "threads" | "spinning" | "prepacked" | "disablePrepacking" | "arena" | "memoryPattern" | "profilePrefix"
    > {
  /**
   * Values of some of the program's inputs, by name. They become part of the session, used where they lie: programs
   * compiled with the same tensors share their memory. Names that the program does not have are ignored.
   */
  readonly weights?: Readonly<Record<string, HostTensor>>;
  /** Default: the process's runtime. */
  readonly runtime?: Runtime;
}

/** Sizes for symbolic lengths, by name. */
export type SymbolSizes = Readonly<Record<string, number>>;

export interface Executable {
  /** Inputs that a run must bring, by name: type and shape, with names for symbolic lengths. Weights are not among them. */
  readonly inputs: ReadonlyMap<string, ValueInfo>;
  readonly outputs: ReadonlyMap<string, ValueInfo>;
  /** The program after all passes. */
  readonly program: Program;
  /** @throws {ShapeError} if an input is missing, or a tensor does not fit */
  bind(inputs: Readonly<Record<string, HostTensor>>, outputs: Readonly<Record<string, HostTensor>>): Binding;
  /** Zeroed tensors for every output. @throws {ShapeError} if a symbolic length has no size */
  allocateOutputs(symbolSizes?: SymbolSizes): Record<string, HostTensor>;
  /** One run with outputs of its own: convenient, and slower than a binding kept between runs. */
  run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
  /** Ends profiling and returns the trace's path, when `profilePrefix` was given. */
  endProfiling(): string;
  /** Live bindings keep working; the memory goes with the last of them. */
  release(): void;
}

/**
 * @param program as traced, or after withGradients
 * @throws {ShapeError}       if a symbolic length is needed that no input has, or a weight does not fit its input
 * @throws {OnnxRuntimeError} if the runtime refuses the model
 */
export function compile(program: Program, options: CompileOptions = {}): Executable {
  const { weights = {}, runtime = openRuntime(), onPass = printingPasses(), ...session } = options;
  const optimised = optimise(program, { ...session, ...(onPass && { onPass }) });
  const initializers = Object.fromEntries(Object.entries(weights).filter(([name]) => program.inputs.has(name)));
  for (const [name, tensor] of Object.entries(initializers)) checkWeight(name, tensor, program.inputs.get(name)!);
  const model = encodeModel(emitModel(optimised, new Set(Object.keys(initializers))));
  return new CompiledProgram(optimised, runtime.createSession(model, sessionOptions(session, initializers)));
}

function sessionOptions(options: SessionOptions, initializers: Readonly<Record<string, HostTensor>>): SessionOptions {
  const { threads, spinning, prepacked, disablePrepacking, arena, memoryPattern, profilePrefix } = options;
  const given = { threads, spinning, prepacked, disablePrepacking, arena, memoryPattern, profilePrefix };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(Object.keys(initializers).length > 0 && { initializers }),
  };
}

/** MYNA_PRINT_PROGRAM=1 prints every program after every pass. */
function printingPasses(): OptimiseOptions["onPass"] {
  if (process.env.MYNA_PRINT_PROGRAM !== "1") return undefined;
  return (pass, program) => process.stderr.write(`--- ${pass}\n${printProgram(program)}\n`);
}

function checkWeight(name: string, tensor: HostTensor, { type, shape }: Value): void {
  const fits = tensor.shape.length === shape.length && shape.every((length, axis) => length === tensor.shape[axis]);
  if (fits && tensor.type === type) return;
  throw new ShapeError({
    where: `weight "${name}"`,
    found: `${tensor.type} [${tensor.shape.join(", ")}]`,
    expected: `${type} [${shape.map(lengthName).join(", ")}]`,
    fix: "pass a tensor of the type and shape that the program was traced with",
  });
}

class CompiledProgram implements Executable {
  readonly program: Program;
  readonly inputs: ReadonlyMap<string, ValueInfo>;
  readonly outputs: ReadonlyMap<string, ValueInfo>;
  readonly #session: Session;

  constructor(program: Program, session: Session) {
    this.program = program;
    this.#session = session;
    this.inputs = new Map(session.inputs.map((value) => [value.name, value]));
    this.outputs = new Map(session.outputs.map((value) => [value.name, value]));
  }

  bind(inputs: Readonly<Record<string, HostTensor>>, outputs: Readonly<Record<string, HostTensor>>): Binding {
    return this.#session.bind(inputs, outputs);
  }

  allocateOutputs(symbolSizes: SymbolSizes = {}): Record<string, HostTensor> {
    const tensors = [...this.program.outputs].map(([name, { type, shape }]) => {
      const sizes = shape.map((length) =>
        isSymbolic(length) ? sizeOf(lengthName(length), name, symbolSizes) : length,
      );
      return [name, hostTensor(type, sizes)] as const;
    });
    return Object.fromEntries(tensors);
  }

  async run(inputs: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>> {
    const outputs = this.allocateOutputs(this.#sizesFrom(inputs));
    const binding = this.bind(inputs, outputs);
    try {
      await binding.runAsync();
    } finally {
      binding.release();
    }
    return outputs;
  }

  endProfiling(): string {
    return this.#session.endProfiling();
  }

  release(): void {
    this.#session.release();
  }

  #sizesFrom(inputs: Readonly<Record<string, HostTensor>>): SymbolSizes {
    const sizes: Record<string, number> = {};
    for (const { name, shape } of this.inputs.values()) {
      shape.forEach((length, axis) => {
        const size = inputs[name]?.shape[axis];
        if (typeof length === "string" && size !== undefined) sizes[length] = size;
      });
    }
    return sizes;
  }
}

function sizeOf(symbol: string, output: string, sizes: SymbolSizes): number {
  const size = sizes[symbol];
  if (size !== undefined) return size;
  throw new ShapeError({
    where: `output "${output}"`,
    found: `no size for ${symbol}`,
    expected: "a number for every symbolic length of the outputs",
    fix: `pass { ${symbol}: … } to allocateOutputs`,
  });
}
