/**
 * Compiles assembly/kernels.ts into kernels.wasm, which is committed: users need no compiler.
 *
 *   node packages/tensor/src/kernels/build.ts
 *
 * kernels.test.ts compiles anew and fails when the committed bytes differ.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import asc from "assemblyscript/asc";

const folder = import.meta.dirname;

/** The module's bytes. */
export async function compileKernels(): Promise<Uint8Array> {
  const work = mkdtempSync(path.join(tmpdir(), "myna-kernels-"));
  const output = path.join(work, "kernels.wasm");
  try {
    const { error, stderr } = await asc.main([
      path.join(folder, "assembly", "kernels.ts"),
      ...["--outFile", output],
      ...["-O3", "--noAssert"], // no bounds checks of our own: the engine traps outside the memory
      ...["--runtime", "stub"], // nothing allocates
      ...["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536"], // any memory up to 4 GiB
      ...["--enable", "simd"],
    ]);
    if (error) throw new Error(`AssemblyScript refused kernels.ts:\n${stderr}`);
    return readFileSync(output);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) writeFileSync(path.join(folder, "kernels.wasm"), await compileKernels());
