// Once before all browser tests: builds the page and unpacks the browser, each only where it is not there yet.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inflate } from "@sparticuz/chromium";
import type { TestProject } from "vitest/node";
import { buildWeb } from "../../packages/web/build.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder of the built page. */
    webFolder: string;
    /** The browser's program, and the folder with the libraries that it needs where the system lacks them. */
    browser: { program: string; libraries: string };
    /** Where screenshots go; kept after the run, to be looked at. */
    screenshots: string;
  }
}

export default async function prepare(project: TestProject): Promise<() => void> {
  const webFolder = mkdtempSync(join(tmpdir(), "myna-page-"));
  await buildWeb(webFolder);
  const screenshots = join(tmpdir(), "myna-screenshots");
  mkdirSync(screenshots, { recursive: true });
  project.provide("webFolder", webFolder);
  project.provide("browser", await unpackBrowser());
  project.provide("screenshots", screenshots);
  console.log(`screenshots: ${screenshots}`);
  return () => rmSync(webFolder, { recursive: true, force: true });
}

/** 200 MB that npm delivers compressed; unpacked once per machine and version, whole or not at all. */
async function unpackBrowser(): Promise<{ program: string; libraries: string }> {
  const packageFolder = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..");
  const manifest = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const folder = join(tmpdir(), `myna-browser-${manifest.version}`);
  if (!existsSync(folder)) {
    const unfinished = mkdtempSync(join(tmpdir(), "myna-browser-unpacking-"));
    const { TMPDIR } = process.env;
    // `inflate` writes beside other temporary files, and takes a file that is half written for a finished one.
    process.env.TMPDIR = unfinished;
    await inflate(join(packageFolder, "bin", "chromium.br"));
    await inflate(join(packageFolder, "bin", "al2023.tar.br"));
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    renameSync(unfinished, folder);
  }
  return { program: join(folder, "chromium"), libraries: join(folder, "al2023", "lib") };
}
