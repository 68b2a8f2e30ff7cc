// The questions `myna doctor` asks of a machine, one function each.

import { existsSync, readFileSync } from "node:fs";
import { access, constants, mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatBytes } from "../../terminal/format.ts";
import { findFreePort, isPortFree } from "./ports.ts";
import { describeRuntime } from "./runtime-check.ts";

export interface Finding {
  /** good: works; remark: works less well than it could; problem: something will fail. */
  level: "good" | "remark" | "problem";
  name: string;
  text: string;
  fix?: string;
}

export interface HealthOptions {
  home: string;
  port: number;
  environment: Record<string, string | undefined>;
}

const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..", "..");

const checks: ((options: HealthOptions) => Promise<Finding> | Finding)[] = [
  checkNode,
  checkProcessor,
  describeRuntime,
  checkMemory,
  checkDisk,
  checkHome,
  checkDefaultModel,
  checkPage,
  checkPort,
];

/** Runs all checks in turn; one that throws becomes a problem of its own instead of hiding the others. */
export async function runChecks(options: HealthOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    try {
      findings.push(await check(options));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      findings.push({ level: "problem", name: check.name.replace(/^(check|describe)/, "").toLowerCase(), text });
    }
  }
  return findings;
}

function checkNode(): Finding {
  const version = process.versions.node;
  const text = `${version} on ${process.platform}-${process.arch}`;
  if (Number.parseInt(version, 10) >= 24) return { level: "good", name: "Node", text };
  return { level: "problem", name: "Node", text, fix: "start Myna through npm or npx, which use the pinned Node 24" };
}

function checkProcessor(): Finding {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const features = readFeatures();
  const cores = availableParallelism();
  const text = `${model}, ${cores} ${cores === 1 ? "core" : "cores"}${features.length > 0 ? `, ${features.join(" ")}` : ""}`;
  const isOld = process.arch === "x64" && features.length > 0 && !features.includes("avx2");
  return isOld
    ? {
        level: "remark",
        name: "Processor",
        text,
        fix: "nothing is wrong, but without AVX2 training is several times slower",
      }
    : { level: "good", name: "Processor", text };
}

/** The vector instructions that matter for matrix products; known on Linux only. */
function readFeatures(): string[] {
  if (!existsSync("/proc/cpuinfo")) return [];
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ") ?? [];
  const known = [
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_bf16",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
  ];
  return known.filter((name) => flags.includes(name));
}

function checkMemory(): Finding {
  const text = `${formatBytes(freemem())} free of ${formatBytes(totalmem())}`;
  if (totalmem() >= 4 * 1024 ** 3) return { level: "good", name: "Memory", text };
  return { level: "remark", name: "Memory", text, fix: "chat works; train small models only (see myna plan)" };
}

async function checkDisk({ home }: HealthOptions): Promise<Finding> {
  const { bavail, bsize } = await statfs(nearestFolder(home));
  const free = bavail * bsize;
  const text = `${formatBytes(free)} free for ${home}`;
  if (free >= 2 * 1024 ** 3) return { level: "good", name: "Disk", text };
  return {
    level: "remark",
    name: "Disk",
    text,
    fix: "free some, or point MYNA_HOME at a larger disk; a checkpoint takes 12 bytes per parameter",
  };
}

async function checkHome({ home }: HealthOptions): Promise<Finding> {
  if (!existsSync(home)) {
    await access(nearestFolder(home), constants.W_OK);
    return { level: "good", name: "Data directory", text: `${home} (will be made)` };
  }
  const probe = join(home, `.doctor-${process.pid}`);
  try {
    await mkdir(home, { recursive: true });
    await writeFile(probe, "");
    await rm(probe);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return { level: "problem", name: "Data directory", text: found, fix: `make ${home} writable, or set MYNA_HOME` };
  }
  return { level: "good", name: "Data directory", text: home };
}

async function checkDefaultModel(): Promise<Finding> {
  const folder = join(repository, "models", "default");
  const files = existsSync(folder) ? await readdir(folder, { recursive: true }) : [];
  if (files.some((file) => file.endsWith("config.json"))) return { level: "good", name: "Default model", text: folder };
  return {
    level: "remark",
    name: "Default model",
    text: `none in ${folder}`,
    fix: "train one (myna recipe run recipes/tiny-bilingual.json --data FOLDER), or name a model of your own with --model",
  };
}

function checkPage(): Finding {
  const index = join(repository, "packages", "web", "dist", "index.html");
  if (existsSync(index)) return { level: "good", name: "Chat page", text: "built" };
  return { level: "remark", name: "Chat page", text: "not built yet", fix: "npm start builds it" };
}

async function checkPort({ port }: HealthOptions): Promise<Finding> {
  if (await isPortFree(port, "127.0.0.1")) return { level: "good", name: "Port", text: `${port} is free` };
  const free = await findFreePort(port + 1, "127.0.0.1");
  return {
    level: "remark",
    name: "Port",
    text: `${port} is taken`,
    fix: `PORT=${free} npm start, if that is not Myna itself`,
  };
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}
