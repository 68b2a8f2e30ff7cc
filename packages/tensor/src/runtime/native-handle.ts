/**
 * Ownership of C objects. A handle counts its users, so a session outlives its bindings and a weight container its
 * sessions in whatever order they are released or collected (finalisers run in no order).
 */

import { OnnxRuntimeError } from "../errors.ts";
import type { Pointer } from "./c-api-functions.ts";

/** A C object and the handles it needs alive. Freed when its last user lets go. */
export class NativeHandle {
  readonly pointer: Pointer;
  readonly #free: (pointer: Pointer) => void;
  readonly #needs: readonly NativeHandle[];
  #users = 1;

  constructor(pointer: Pointer, free: (pointer: Pointer) => void, needs: readonly NativeHandle[] = []) {
    this.pointer = pointer;
    this.#free = free;
    this.#needs = needs;
    for (const handle of needs) handle.#users++;
  }

  letGo(): void {
    if (--this.#users > 0) return;
    this.#free(this.pointer);
    for (const handle of this.#needs) handle.letGo();
  }
}

// The net for owners that nobody released. It holds the handle and never the owner: an owner that its own finaliser can
// reach is never collected.
const collected = new FinalizationRegistry<NativeHandle>((handle) => handle.letGo());

/** Base of the objects that users release: refuses use after release, and release while running. */
export class NativeOwner {
  readonly #what: string;
  #handle: NativeHandle | undefined;
  #running = 0;

  constructor(what: string, handle: NativeHandle) {
    this.#what = what;
    this.#handle = handle;
    collected.register(this, handle, this);
  }

  /** @throws {OnnxRuntimeError} after release */
  get handle(): NativeHandle {
    if (this.#handle !== undefined) return this.#handle;
    throw new OnnxRuntimeError({
      where: this.#what,
      found: "a use after release()",
      expected: "a live object",
      fix: "release it only when nothing will use it again",
    });
  }

  /** @throws {OnnxRuntimeError} while an asynchronous run is under way */
  assertIdle(action: string): void {
    if (this.#running === 0) return;
    throw new OnnxRuntimeError({
      where: this.#what,
      found: `${action} while a run is under way`,
      expected: "one thing at a time",
      fix: "await the promise of runAsync first",
    });
  }

  beginRun(): void {
    this.#running++;
  }

  endRun(): void {
    this.#running--;
  }

  /** Releasing twice is fine. */
  release(): void {
    if (this.#handle === undefined) return;
    this.assertIdle("release()");
    collected.unregister(this);
    this.#handle.letGo();
    this.#handle = undefined;
  }
}
