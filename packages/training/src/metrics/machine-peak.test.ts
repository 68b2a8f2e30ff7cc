import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { machinePeakGflops } from "./machine-peak.ts";

const home = mkdtempSync(join(tmpdir(), "myna-peak-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("the machine's peak is measured once and then read from MYNA_HOME", async () => {
  const path = join(home, "machine.json");
  const options = { size: 64, milliseconds: 1 };
  writeFileSync(path, "{ damaged");
  const measured = await machinePeakGflops(home, options);
  expect(measured).toBeGreaterThan(0);
  const key = Object.keys(JSON.parse(readFileSync(path, "utf8")) as object)[0]!;
  writeFileSync(path, JSON.stringify({ [key]: 123, another: 5 }));
  expect(await machinePeakGflops(home, options)).toBe(123);
});
