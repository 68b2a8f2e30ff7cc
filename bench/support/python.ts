/**
 * The Python that peers run in: a virtual environment outside the repository, made once from bench/peers/requirements.txt.
 * The product itself needs no Python; only comparisons do.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const requirements = join(import.meta.dirname, "..", "peers", "requirements.txt");

function cacheFolder(): string {
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "myna-bench", `python-${hash}`);
}

function run(command: string, parameters: readonly string[]): void {
  const { status, error } = spawnSync(command, parameters, { stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")}: found exit code ${status}; expected 0`);
}

/** Path of the environment's interpreter; installs the pinned peers first if they are missing (several minutes, about 6 GB). */
export function peerPython(): string {
  const folder = cacheFolder();
  const python = join(folder, "bin", "python");
  const stamp = join(folder, "complete");
  if (existsSync(stamp)) return python;
  console.error(`bench: installing the peers into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(process.env.PYTHON ?? "python3", ["-m", "venv", folder]);
  run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  writeFileSync(stamp, "");
  return python;
}
