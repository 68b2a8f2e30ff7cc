// A Vitest reporter that writes how many tests passed and failed to the file named by MYNA_TEST_TOTALS.
// A file that could not be loaded and an error outside any test count as one failure each.

import { writeFileSync } from "node:fs";

export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const path = process.env.MYNA_TEST_TOTALS;
    if (path === undefined) return;
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        if (state === "failed") failed++;
      }
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
    }
    writeFileSync(path, JSON.stringify({ passed, failed }));
  }
}
