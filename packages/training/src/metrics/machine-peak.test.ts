import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { machinePeakGflops } from "./machine-peak.ts";

const home = mkdtempSync(join(tmpdir(), "myna-peak-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("the highest peak measured so far is kept in MYNA_HOME", async () => {
  const path = join(home, "machine.json");
  const options = { size: 64, milliseconds: 1 };
  writeFileSync(path, "{ damaged");
  const measured = await machinePeakGflops(home, options);
  expect(measured).toBeGreaterThan(0);
  const key = Object.keys(JSON.parse(readFileSync(path, "utf8")) as object)[0]!;
  writeFileSync(path, JSON.stringify({ [key]: 1e6, another: 5 }));
  expect(await machinePeakGflops(home, options)).toBe(1e6);
  writeFileSync(path, JSON.stringify({ [key]: 1e-6, another: 5 }));
  expect(await machinePeakGflops(home, options)).toBeGreaterThan(1e-3);
  expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ another: 5 });
});
