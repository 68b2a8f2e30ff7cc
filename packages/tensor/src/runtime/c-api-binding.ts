/** A session's buffers, bound once through the C API and run without copies. */

import type { Pointer } from "./c-api-functions.ts";
import type { CApiSession } from "./c-api-session.ts";
import type { CApi } from "./c-api-values.ts";
import { abortError, checkAttached, checkBinding } from "./check-binding.ts";
import type { HostTensor } from "./host-tensor.ts";
import { NativeHandle, NativeOwner } from "./native-handle.ts";
import type { Binding } from "./runtime.ts";

function createHandle(api: CApi, session: CApiSession): NativeHandle {
  const { functions } = api;
  const pointer = api.result("binding", (out) => functions.CreateIoBinding(session.handle.pointer, out));
  return new NativeHandle(pointer, functions.ReleaseIoBinding, [session.handle]);
}

export class CApiBinding extends NativeOwner implements Binding {
  readonly #api: CApi;
  readonly #session: CApiSession;
  readonly #sessionPointer: Pointer;
  readonly #runOptions: NativeOwner;
  // Held so that their memory outlives the binding.
  readonly #inputs = new Map<string, HostTensor>();
  readonly #outputs = new Map<string, HostTensor>();

  constructor(api: CApi, session: CApiSession) {
    super("binding", createHandle(api, session));
    this.#api = api;
    this.#session = session;
    this.#sessionPointer = session.handle.pointer;
    const { CreateRunOptions, ReleaseRunOptions } = api.functions;
    // One per binding, not per session: aborting one run must not end another of the same session.
    const runOptions = api.result("run options", (out) => CreateRunOptions(out));
    this.#runOptions = new NativeOwner("run options", new NativeHandle(runOptions, ReleaseRunOptions));
  }

  setInput(name: string, tensor: HostTensor): void {
    this.assertIdle("setInput()");
    checkBinding("input", this.#session.declaredInputs, name, tensor);
    const { functions, check, nativeValue } = this.#api;
    check(`input "${name}"`, functions.BindInput(this.handle.pointer, name, nativeValue(tensor)));
    this.#inputs.set(name, tensor);
  }

  setOutput(name: string, tensor: HostTensor): void {
    this.assertIdle("setOutput()");
    checkBinding("output", this.#session.declaredOutputs, name, tensor);
    const { functions, check, nativeValue } = this.#api;
    check(`output "${name}"`, functions.BindOutput(this.handle.pointer, name, nativeValue(tensor)));
    this.#outputs.set(name, tensor);
  }

  run(): void {
    this.assertIdle("run()");
    const binding = this.handle.pointer;
    this.#checkMemory();
    const { functions, check } = this.#api;
    check("run", functions.RunWithBinding(this.#sessionPointer, this.#runOptions.handle.pointer, binding));
  }

  async runAsync({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.assertIdle("runAsync()");
    const binding = this.handle.pointer;
    this.#checkMemory();
    if (signal?.aborted) throw abortError();
    const { functions, check } = this.#api;
    const options = this.#runOptions.handle.pointer;
    const terminate = (): void => check("abort", functions.RunOptionsSetTerminate(options));
    this.beginRun();
    this.#session.beginRun();
    try {
      const status = await new Promise<Pointer>((resolve, reject) => {
        functions.RunWithBinding.async(this.#sessionPointer, options, binding, (error, result) => {
          if (error) reject(error);
          else resolve(result);
        });
        signal?.addEventListener("abort", terminate, { once: true });
      });
      if (status && signal?.aborted) {
        functions.ReleaseStatus(status);
        throw abortError();
      }
      check("run", status);
    } finally {
      signal?.removeEventListener("abort", terminate);
      if (signal?.aborted) check("abort", functions.RunOptionsUnsetTerminate(options));
      this.#session.endRun();
      this.endRun();
    }
  }

  override release(): void {
    super.release();
    this.#runOptions.release();
    this.#inputs.clear();
    this.#outputs.clear();
  }

  #checkMemory(): void {
    for (const [name, tensor] of this.#inputs) checkAttached("input", name, tensor);
    for (const [name, tensor] of this.#outputs) checkAttached("output", name, tensor);
  }
}
