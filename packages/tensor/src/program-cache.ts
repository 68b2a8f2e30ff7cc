/** Compiled programs by a key, so that the second use of a program of one shape costs no tracing and no compilation. */
import { type CompileOptions, compile, type Executable } from "./compile.ts";
import { printProgram } from "./ir/print.ts";
import type { Program } from "./ir/program.ts";

export class ProgramCache {
  readonly #options: CompileOptions;
  readonly #executables = new Map<string, Executable>();

  /** @param options for every program compiled here, shared weights among them */
  constructor(options: CompileOptions = {}) {
    this.#options = options;
  }

  get size(): number {
    return this.#executables.size;
  }

  /**
   * @param key   text that tells programs apart: what was traced and for which lengths ("decode 8x1")
   * @param trace called only when the key is new
   */
  get(key: string, trace: () => Program): Executable {
    let executable = this.#executables.get(key);
    if (executable === undefined) {
      executable = compile(trace(), this.#options);
      this.#executables.set(key, executable);
    }
    return executable;
  }

  /**
   * By the printed program: equal programs compile once, however they were traced. Large constants print only their
   * first elements, so programs that differ elsewhere in them need keys of their own.
   */
  getTraced(program: Program): Executable {
    return this.get(printProgram(program), () => program);
  }

  /** Releases every program; those bound live until their bindings go. */
  release(): void {
    for (const executable of this.#executables.values()) executable.release();
    this.#executables.clear();
  }
}
