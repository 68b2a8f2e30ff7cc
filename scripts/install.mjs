// Brings node_modules to what package-lock.json says, when it is not there yet: the first start of a fresh clone, and
// the first start after the lock file changed. Editing code never causes an installation.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withFileLock } from "./file-lock.mjs";

const STAMP = join("node_modules", ".myna-install.json");

/**
 * Installs if it has to. Safe to call from several processes at once: the first installs, the others wait.
 *
 * @param {string} root folder of the repository
 * @param {NodeJS.WriteStream} [output] where progress is written
 */
export async function ensureInstalled(root, output = process.stderr) {
  if (isInstalled(root)) return;
  await withFileLock(
    join(root, ".myna", "install.lock"),
    async () => {
      if (!isInstalled(root)) await install(root, output);
    },
    ({ pid }) => output.write(`myna: waiting for another installation (process ${pid}) to finish\n`),
  );
}

/**
 * True if node_modules agrees with package-lock.json. The stamp answers in a millisecond; without it (somebody ran npm
 * by hand) npm's own record is compared with the lock file, and the stamp written if they agree.
 *
 * @param {string} root folder of the repository
 * @returns {boolean}
 */
export function isInstalled(root) {
  if (!existsSync(join(root, "node_modules"))) return false;
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
  const hash = hashOf(lockText);
  const stampPath = join(root, STAMP);
  if (existsSync(stampPath) && readJson(stampPath)?.lock === hash) return true;
  const recordPath = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(recordPath)) return false;
  const missing = missingPackages(JSON.parse(lockText).packages, readJson(recordPath)?.packages ?? {});
  if (missing.length > 0) return false;
  writeStamp(root, hash);
  return true;
}

/**
 * Paths of packages that the lock file wants on this machine and that are absent or have another version.
 *
 * @param {Record<string, { version?: string, link?: boolean, optional?: boolean, os?: string | string[],
 *   cpu?: string | string[], libc?: string | string[] }>} wanted "packages" of package-lock.json
 * @param {Record<string, { version?: string }>} present "packages" of node_modules/.package-lock.json
 * @param {{ platform: string, arch: string }} machine
 */
export function missingPackages(wanted, present, machine = { platform: process.platform, arch: process.arch }) {
  return Object.entries(wanted)
    .filter(([path, entry]) => {
      if (path === "" || entry.link) return false;
      if (present[path]?.version === entry.version) return false;
      return !entry.optional || isForMachine(entry, machine);
    })
    .map(([path]) => path);
}

/** Optional packages without os and cpu, or bound to one libc, are npm's to judge: their absence proves nothing. */
function isForMachine(entry, machine) {
  if (entry.os === undefined || entry.cpu === undefined || entry.libc !== undefined) return false;
  return [entry.os].flat().includes(machine.platform) && [entry.cpu].flat().includes(machine.arch);
}

async function install(root, output) {
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
  const paths = Object.entries(JSON.parse(lockText).packages)
    .filter(([path, entry]) => path.startsWith("node_modules/") && !entry.link && (!entry.optional || isHere(entry)))
    .map(([path]) => join(root, path));
  output.write(`myna: installing ${paths.length} packages from package-lock.json (once; about 1 GB of disk)\n`);
  rmSync(join(root, STAMP), { force: true });
  const started = Date.now();
  const stopProgress = showProgress(output, paths, started);
  const { code, log } = await runNpmCi(root).finally(stopProgress);
  if (code !== 0) throw installError(code, log);
  writeStamp(root, hashOf(lockText));
  output.write(`myna: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

function isHere(entry) {
  const machine = { platform: process.platform, arch: process.arch };
  return entry.os === undefined ? true : isForMachine({ cpu: machine.arch, ...entry, libc: undefined }, machine);
}

/** Counts packages whose package.json has arrived: in place on a terminal, a line every ten seconds elsewhere. */
function showProgress(output, paths, started) {
  const timer = setInterval(
    () => {
      const done = paths.filter((path) => existsSync(join(path, "package.json"))).length;
      const text = `myna: installing, ${done} of ${paths.length} packages, ${Math.round((Date.now() - started) / 1000)} s`;
      output.write(output.isTTY ? `\r${text}\u001b[K` : `${text}\n`);
    },
    output.isTTY ? 500 : 10_000,
  );
  return () => {
    clearInterval(timer);
    if (output.isTTY) output.write("\r\u001b[K");
  };
}

function runNpmCi(root) {
  const environment = { ...process.env };
  // Options of the npm command that started us (npm test -w NAME, npx) must not narrow this one.
  for (const name of Object.keys(environment)) {
    if (
      /^npm_config_(workspace|workspaces|include_workspace_root|local_prefix|package|call|omit|global|production)$/i.test(
        name,
      )
    )
      delete environment[name];
  }
  // A NODE_ENV of "production" would leave out the test tools that the lock file names.
  delete environment.NODE_ENV;
  const npmScript = process.env.npm_execpath;
  const hasNpmScript = npmScript !== undefined && /\.c?js$/.test(npmScript) && /npm-cli/.test(npmScript);
  const command = hasNpmScript ? process.execPath : "npm";
  const parameters = [...(hasNpmScript ? [npmScript] : []), "ci", "--no-progress", "--loglevel=error"];
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: root,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      shell: !hasNpmScript && process.platform === "win32",
    });
    let log = "";
    const collect = (chunk) => {
      log = (log + chunk).slice(-4000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, log }));
  });
}

function installError(code, log) {
  const isNetwork = /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|network/i.test(log);
  const fix = isNetwork
    ? "connect to the network (or set npm's registry or proxy) and run the command again"
    : /ENOSPC/.test(log)
      ? "free about 1 GB of disk and run the command again"
      : "read npm's message above and run the command again";
  const error = new Error(`${log.trim()}\nnpm ci: found exit code ${code}; expected 0. To fix: ${fix}.`);
  return Object.assign(error, { isUserError: true });
}

function writeStamp(root, hash) {
  if (readdirSync(join(root, "node_modules")).length === 0) return;
  writeFileSync(join(root, STAMP), `${JSON.stringify({ lock: hash })}\n`);
}

function hashOf(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** The parsed file, or undefined if it is cut short: an interrupted write means that the installation was interrupted. */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
