// The one entry behind every npm script: installs if it has to, finds the pinned Node and hands over to it.
//
//   node scripts/run.mjs start|test|lint|types|bench|e2e [arguments]

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.mjs";
import { launch } from "./launch.mjs";
import { findNode } from "./node-binary.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each command runs under the pinned Node, relative to the repository. */
const programs = {
  start: ["scripts/start.mjs"],
  lint: ["node_modules/@biomejs/biome/bin/biome", "check", "."],
  types: ["node_modules/typescript/bin/tsc", "--noEmit", "--pretty", "false"],
  bench: ["bench/run.ts"],
};

const tests = {
  test: ["run"],
  e2e: ["run", "--config", "e2e/vitest.config.ts"],
};

async function main([name, ...rest]) {
  if (!(name in programs) && !(name in tests)) {
    const known = [...Object.keys(programs), ...Object.keys(tests)].sort().join(", ");
    console.error(`scripts/run.mjs: found ${name ?? "no command"}; expected one of ${known}.`);
    return 2;
  }
  await ensureInstalled(root);
  const node = findNode(root);
  return name in tests
    ? runTests(node, tests[name], rest)
    : launch(node, [...inRoot(programs[name]), ...rest], { cwd: root });
}

/** Vitest writes its totals to a file, and the line with them is printed here: last, whatever else is printed. */
async function runTests(node, parameters, rest) {
  const folder = mkdtempSync(join(tmpdir(), "myna-tests-"));
  const totalsPath = join(folder, "totals.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", `--reporter=${join(root, "scripts", "totals-reporter.mjs")}`];
  const code = await launch(node, [vitest, ...parameters, ...reporters, ...rest], {
    cwd: root,
    env: { ...process.env, MYNA_TEST_TOTALS: totalsPath },
  });
  const totals = existsSync(totalsPath) ? JSON.parse(readFileSync(totalsPath, "utf8")) : { passed: 0, failed: 1 };
  rmSync(folder, { recursive: true, force: true });
  // A run that failed without a failed test (nothing matched the filter, a crash at the end) still failed.
  const failed = code === 0 ? totals.failed : Math.max(1, totals.failed);
  console.log(`${totals.passed} passed, ${failed} failed`);
  return code === 0 && failed > 0 ? 1 : code;
}

function inRoot([script, ...parameters]) {
  return [join(root, script), ...parameters];
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!error.isUserError) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
