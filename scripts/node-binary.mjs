// Finds the Node that runs Myna: the one pinned in package-lock.json, or the current one if it is new enough.
// Everything under scripts/ that is imported before the installation must run on Node 20 with nothing installed.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Lowest major version that runs TypeScript files directly, without a flag and without a warning. */
export const REQUIRED_MAJOR = 24;

const platformNames = { linux: "linux", win32: "win" };

/**
 * The name of the package that carries the pinned Node for a machine, or undefined where there is none.
 *
 * @param {string} platform as in process.platform
 * @param {string} arch as in process.arch
 * @returns {string | undefined}
 */
export function pinnedNodePackage(platform, arch) {
  const name = platformNames[platform];
  return name === undefined ? undefined : `node-${name}-${arch}`;
}

/**
 * The path of a Node of version 24 or newer.
 *
 * The pinned one wins, so that everybody runs the same engine; the current process is the answer on platforms for
 * which no pinned package exists (macOS, BSD).
 *
 * @param {string} root folder of the repository
 * @param {{ platform?: string, arch?: string, execPath?: string, version?: string }} machine defaults to this one
 * @returns {string}
 * @throws {Error} with isUserError when there is neither
 */
export function findNode(root, machine = {}) {
  const { platform = process.platform, arch = process.arch, execPath = process.execPath } = machine;
  const version = machine.version ?? process.versions.node;
  const packageName = pinnedNodePackage(platform, arch);
  if (packageName !== undefined) {
    const binary = join(root, "node_modules", packageName, "bin", platform === "win32" ? "node.exe" : "node");
    if (existsSync(binary)) return binary;
  }
  if (Number.parseInt(version, 10) >= REQUIRED_MAJOR) return execPath;
  const carried = packageName !== undefined && isPinned(root, packageName);
  const error = new Error(
    `Node: found version ${version} on ${platform}-${arch}` +
      `${carried ? ` and no node_modules/${packageName}` : ", for which no Node is pinned in package.json"}; ` +
      `expected version ${REQUIRED_MAJOR} or newer. To fix: ` +
      `${carried ? "run npm ci without --omit=optional" : `install Node ${REQUIRED_MAJOR} (https://nodejs.org)`}.`,
  );
  throw Object.assign(error, { isUserError: true });
}

function isPinned(root, packageName) {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return manifest.optionalDependencies?.[packageName] !== undefined;
}
