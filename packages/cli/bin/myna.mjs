#!/usr/bin/env node
// The `myna` command. Runs on Node 20 or newer: installs Myna's packages if they are missing, then continues in the
// pinned Node 24, in this very process where it is new enough already.

import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ensureInstalled } from "../../../scripts/install.mjs";
import { launch } from "../../../scripts/launch.mjs";
import { findNode } from "../../../scripts/node-binary.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const entry = join(root, "packages", "cli", "src", "index.ts");

try {
  await ensureInstalled(root);
  const node = findNode(root);
  if (node === process.execPath) {
    const { main } = await import(pathToFileURL(entry).href);
    process.exitCode = await main(process.argv.slice(2));
  } else {
    // The folder stays the caller's: paths on the command line are relative to it.
    process.exitCode = await launch(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
  }
} catch (error) {
  if (!error.isUserError) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
