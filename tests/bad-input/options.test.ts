// Options that cannot be meant: refused before any data are read, with the range or the nearest right word.

import { afterAll, beforeAll, expect, test } from "vitest";
import { refusedUntouched } from "../support/refusal.ts";
import { Workshop } from "../support/workshop.ts";

const workshop = new Workshop();
beforeAll(() => workshop.makeBase());
afterAll(() => workshop.remove());

const pretrain = (...options: string[]) => refusedUntouched(workshop, ...workshop.pretrain("bad", ...options));

test.each([
  [["--steps", "0"], "--steps: found 0; expected a whole number at least 1 (steps)"],
  [["--steps", "-3"], "--steps: found -3; expected a whole number at least 1 (steps)"],
  [["--batch", "0"], "--batch: found 0; expected a whole number at least 1 (tokens)"],
  [["--depth", "0"], "--depth: found 0; expected a whole number from 1 to 200 (layers)"],
  [["--depth", "1.5"], "--depth: found 1.5; expected a whole number from 1 to 200 (layers)"],
  [["--learning-rate", "0"], "--learning-rate: found 0; expected a number above 0 and at most 1"],
  [["--learning-rate=-1"], "--learning-rate: found -1; expected a number above 0 and at most 1"],
  [["--learning-rate", "NaN"], "--learning-rate: found NaN; expected a number above 0 and at most 1"],
  [["--tokens", "many"], "--tokens: found many; expected a whole number at least 1 (tokens)"],
  [["--held-out", "0.9"], "--held-out: found 0.9; expected a number from 0 to 0.5"],
  [["--epochs", "0"], "--epochs: found 0; expected a number above 0"],
  [["--context", "100000"], "--context: found 100000; expected a whole number from 16 to 32768 (tokens)"],
  [["--schedule", "cosin"], "--schedule: found cosin; expected one of cosine, wsd. To fix: did you mean cosine."],
  [["--seed"], "--seed: found no value; expected a whole number"],
])("%s", async (options, wording) => {
  expect(await pretrain(...options)).toContain(wording);
});

test.each([
  [["--heads", "64"], "found 64 heads in a width of 32; expected at most one head per channel. To fix: use at most 32"],
  [["--heads", "3"], "found a width of 32 over 3 heads; expected a whole number of channels for each head"],
  [["--heads", "4", "--kv-heads", "3"], "found 4 query heads and 3 key/value heads; expected query heads divisible by"],
])("a model that cannot be: %s", async (options, wording) => {
  expect(await pretrain(...options)).toContain(wording);
  const sizes = ["--width", "32", ...options];
  expect(await refusedUntouched(workshop, "plan", ...sizes)).toContain(wording);
});

test("a length given in two ways", async () => {
  expect(await pretrain("--steps", "5", "--tokens", "1M")).toContain(
    "--tokens: found --steps as well; expected one of --steps, --tokens and --epochs. To fix: leave out all but one.",
  );
});

test("a model that no memory holds", async () => {
  const error = await pretrain("--width", "1000000", "--heads", "10000", "--steps", "1");
  expect(error).toMatch(/^model: found [\d,]+ parameters; expected a model whose weights, gradients and moments fit/);
});

test.each(["a/b", "../elsewhere", "..", ".hidden", "a\\b", "a\nb", "", " ", `${"long".repeat(26)}`])(
  "a run cannot be called %j",
  async (name) => {
    const error = await refusedUntouched(
      workshop,
      ...workshop.pretrain("x").map((word) => (word === "x" ? name : word)),
    );
    expect(error).toContain("expected a name of letters, digits, spaces, dots, hyphens and underscores");
    const recipe = workshop.write("recipe.json", "{}");
    const other = await refusedUntouched(workshop, "recipe", "run", recipe, "--run", name, "--from", "tokenizer");
    expect(other).toContain("expected a name of letters, digits");
  },
);

test.each([
  [
    ["pretran"],
    'myna: found the unknown command "pretran"; expected one of its commands. To fix: did you mean myna pretrain.',
  ],
  [["recipe"], "To fix: did you mean myna recipe run."],
  [["runs", "shw"], 'found the word "shw" too many'],
  [["bananas"], "To fix: see myna --help."],
  [
    ["pretrain", "x", "--dept", "3"],
    "found the unknown option --dept; expected one of its options. To fix: did you mean --depth.",
  ],
  [["pretrain"], "myna pretrain: found no DATA; expected "],
  [
    ["pretrain", "x"],
    "myna pretrain: found no --run; expected name of the run: its folder under MYNA_HOME/runs. To fix: add --run NAME.",
  ],
  [["sft", "x", "--run", "y", "--loss-on", "user"], "--loss-on: found user; expected one of assistant, all"],
  [
    ["generate", "hi", "--model", "bas"],
    "--model bas: found no such folder, model or run; expected a model folder, or one of base",
  ],
  [["generate", "hi", "--temperature", "9"], "--temperature: found 9; expected a number from 0 to 5"],
  [["runs", "show", "bas"], 'found no run "bas" under …/home/runs; expected one of base. To fix: did you mean base.'],
  [["tokenize", "hi", "--tokenizer", "nowhere"], "found no tokenizer.json; expected a folder that holds one"],
  [["serve", "--port", "99999"], "--port: found 99999; expected a whole number from 0 to 65535"],
])("myna %s", async (words, wording) => {
  expect(await refusedUntouched(workshop, ...words)).toContain(wording);
});

test.each<[string, string | undefined, string]>([
  ["that is missing", undefined, "found no such file; expected a recipe in JSON"],
  ["that is no JSON", "hello\n", "recipe.json: found Unexpected token"],
  ["without its stages", '{"name":"x"}', "recipe.json, tokenizer: found "],
  ["with a misspelt field", recipe({ pretrain: { data: ["a"], dept: 3 } }), "recipe.json, pretrain: found "],
  [
    "with a number out of range",
    recipe({ pretrain: { data: ["a"], depth: 0 } }),
    "recipe.json, pretrain.depth: found ",
  ],
  ["that would leave its folder", recipe({ name: "../x" }), "recipe.json, name: found "],
  ["of data that are not there", recipe({}), "nothing.jsonl: found nothing there"],
])("a recipe %s", async (_, contents, wording) => {
  const path = contents === undefined ? workshop.path("none.json") : workshop.write("recipe.json", contents);
  expect(await refusedUntouched(workshop, "recipe", "run", path)).toContain(wording);
});

function recipe(changes: object): string {
  const data = ["nothing.jsonl"];
  return JSON.stringify({ name: "small", tokenizer: { data }, pretrain: { data }, ...changes });
}
