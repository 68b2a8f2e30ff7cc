// npm start, under the pinned Node: builds the page if its sources changed, then serves it with the chat.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withFileLock } from "./file-lock.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const web = join(root, "packages", "web");

/** Everything the built page depends on. */
const sources = [web, join(root, "packages", "protocol"), join(root, "package-lock.json")];

/** SHA-256 over the names and bytes of the page's sources, tests excluded: about 20 ms. */
function hashSources() {
  const hash = createHash("sha256");
  for (const path of sources.flatMap(listFiles)) {
    hash.update(`${relative(root, path).replaceAll("\\", "/")}\0`);
    hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}

function listFiles(path) {
  if (path.endsWith(".json")) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: false })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      if (["node_modules", "dist"].includes(entry.name) || /\.test\.tsx?$/.test(entry.name)) return [];
      const child = join(path, entry.name);
      return entry.isDirectory() ? listFiles(child) : [child];
    });
}

async function buildPageIfChanged() {
  const stampPath = join(web, "dist", ".sources");
  const isCurrent = (hash) => existsSync(stampPath) && readFileSync(stampPath, "utf8") === hash;
  if (isCurrent(hashSources())) return;
  await withFileLock(join(root, ".myna", "page.lock"), async () => {
    const hash = hashSources();
    if (isCurrent(hash)) return;
    const started = Date.now();
    console.error("myna: building the page, because its sources changed");
    const { buildWeb } = await import(pathToFileURL(join(web, "build.ts")).href);
    await buildWeb();
    writeFileSync(stampPath, hash);
    console.error(`myna: built the page in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  });
}

await buildPageIfChanged();
const { main } = await import(pathToFileURL(join(root, "packages", "cli", "src", "main.ts")).href);
process.exitCode = await main(["serve", ...process.argv.slice(2)]);
