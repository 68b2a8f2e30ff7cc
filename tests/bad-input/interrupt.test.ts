// Ctrl-C: the first saves and ends with 130, the second ends at once; nothing that was whole is lost either way.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sentences, Workshop } from "../support/workshop.ts";

const workshop = new Workshop();
const runFolder = (name: string) => workshop.path("home", "runs", name);
const latest = (name: string) => readFileSync(join(runFolder(name), "latest"), "utf8").trim();
beforeAll(() => workshop.makeBase());
afterAll(() => workshop.remove());

test("the first Ctrl-C saves, ends with 130, and --resume goes on from there to the same end", async () => {
  const words = (run: string) => workshop.pretrain(run, "--steps", "400", "--evaluate-every", "400");
  await workshop.succeed(...words("whole"));
  const stopped = workshop.start(words("stopped"));
  await stopped.says(/step 1\//);
  stopped.child.kill("SIGINT");
  const { code, errors } = await stopped.ended;
  expect(code, errors).toBe(130);
  expect(errors).toContain("saving and exiting; Ctrl-C again exits at once");
  const step = Number(/stopped as asked after (\d+) steps/.exec(errors)?.[1]);
  expect(step).toBeLessThan(400);
  expect(latest("stopped")).toBe(String(step));
  expect((await workshop.succeed("runs")).output).toMatch(/^stopped +pretrain +paused/m);
  expect((await workshop.succeed(...words("stopped"), "--resume")).errors).toContain(`resumed at step ${step}`);
  const weights = (run: string) => readFileSync(join(runFolder(run), "checkpoints", "400", "model.safetensors"));
  expect(weights("stopped").equals(weights("whole"))).toBe(true);
});

test("the second Ctrl-C ends at once; the last checkpoint is whole and resumable", async () => {
  // Saving is made slow by a checkpoint after every step: the second key press falls into the writing of one.
  const words = workshop.pretrain("twice", "--steps", "100000", "--checkpoint-every", "1");
  const { child, says, ended } = workshop.start(words);
  await says(/checkpoint at step 3/);
  child.kill("SIGINT");
  await says(/saving and exiting/);
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill("SIGINT");
  const { code } = await ended;
  expect(code).toBe(130);
  const step = Number(latest("twice"));
  expect(step).toBeGreaterThanOrEqual(3);
  const resumed = workshop.start([...words, "--resume"]);
  await resumed.says(/resumed at step \d+/);
  resumed.child.kill("SIGINT");
  expect((await resumed.ended).code).toBe(130);
  expect(Number(latest("twice"))).toBeGreaterThanOrEqual(step);
});

test("Ctrl-C while data are still read leaves no run behind, and says so", async () => {
  const data = workshop.write(
    "large.jsonl",
    `${sentences(150_000)
      .map((text) => JSON.stringify({ text }))
      .join("\n")}\n`,
  );
  const [, , ...options] = workshop.pretrain("early");
  const { child, ended } = workshop.start(["pretrain", data, ...options]);
  while (!existsSync(join(runFolder("early"), "lock"))) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGINT");
  const { code, errors } = await ended;
  expect(errors).toContain("stopped before the first step; the same command starts again");
  expect(errors).not.toMatch(/internal:|To fix:/);
  expect(code).toBe(130);
  expect(existsSync(runFolder("early"))).toBe(false);
});
