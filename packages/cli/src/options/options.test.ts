import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { UsageError } from "../errors.ts";
import { closest, editDistance } from "./did-you-mean.ts";
import { commandHelp } from "./help.ts";
import { parseOptions } from "./parse.ts";

const command = {
  name: "learn",
  summary: "Learns something",
  options: z.object({
    data: z.array(z.string()).min(1).describe("What to learn from"),
    steps: z.int().min(1).max(1_000_000_000).default(100).describe("How long").meta({ unit: "steps" }),
    rate: z.number().gt(0).max(1).default(0.01).describe("How fast").meta({ group: "Optimiser" }),
    schedule: z.enum(["cosine", "wsd"]).default("cosine").describe("Shape of the rate").meta({ group: "Optimiser" }),
    stop: z.array(z.string()).default([]).describe("Ends there").meta({ unit: "text" }),
    maxTokens: z.int().min(1).optional().describe("Longest answer").meta({ unit: "tokens" }),
    shuffle: z.boolean().default(true).describe("Mixes the order"),
    quiet: z.boolean().default(false).describe("Says nothing").meta({ short: "q" }),
    port: z.int().min(0).max(65_535).default(3000).describe("Port").meta({ environment: "PORT" }),
  }),
  positionals: ["data"] as const,
};

const parse = (line: string, environment: Record<string, string> = {}) =>
  parseOptions(
    command,
    line.split(" ").filter((word) => word !== ""),
    environment,
  );

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe("parsing", () => {
  test("defaults come from the schema", () => {
    expect(parse("a.jsonl")).toEqual({
      data: ["a.jsonl"],
      steps: 100,
      rate: 0.01,
      schedule: "cosine",
      stop: [],
      shuffle: true,
      quiet: false,
      port: 3000,
    });
  });

  test("values are read by the schema's types, with k, M and B for large numbers", () => {
    expect(
      parse("a b --steps 20M --rate=3e-4 --schedule wsd --stop x --stop y --max-tokens 1.5k --no-shuffle -q"),
    ).toEqual({
      data: ["a", "b"],
      steps: 20_000_000,
      rate: 0.0003,
      schedule: "wsd",
      stop: ["x", "y"],
      maxTokens: 1500,
      shuffle: false,
      quiet: true,
      port: 3000,
    });
  });

  test("the command line wins over the environment, which wins over the default", () => {
    expect(parse("a", { PORT: "8080" }).port).toBe(8080);
    expect(parse("a --port 3000", { PORT: "8080" }).port).toBe(3000);
    expect(parse("a", { PORT: "" }).port).toBe(3000);
  });

  test("words after -- are data even if they look like options", () => {
    expect(parse("-- --steps").data).toEqual(["--steps"]);
  });

  test.each([
    [
      "a --setps 5",
      "myna learn: found the unknown option --setps; expected one of its options. To fix: did you mean --steps.",
    ],
    [
      "a --zzz",
      "myna learn: found the unknown option --zzz; expected one of its options. To fix: see myna learn --help.",
    ],
    [
      "a --steps",
      "--steps: found no value; expected a whole number from 1 to 1000000000 (steps). To fix: write --steps 100.",
    ],
    [
      "a --steps --quiet",
      "--steps: found no value; expected a whole number from 1 to 1000000000 (steps). To fix: write --steps 100.",
    ],
    [
      "a --steps 0",
      "--steps: found 0; expected a whole number from 1 to 1000000000 (steps). To fix: write --steps 100, or leave it out for the default (100).",
    ],
    [
      "a --rate -1",
      "--rate: found -1; expected a number above 0 and at most 1. To fix: write --rate 0.01, or leave it out for the default (0.01).",
    ],
    [
      "a --max-tokens 1.5",
      "--max-tokens: found 1.5; expected a whole number at least 1 (tokens). To fix: write --max-tokens 1.",
    ],
    [
      "a --max-tokens many",
      "--max-tokens: found many; expected a whole number at least 1 (tokens). To fix: write --max-tokens 1.",
    ],
    ["a --schedule cosin", "--schedule: found cosin; expected one of cosine, wsd. To fix: did you mean cosine."],
    [
      "a --quiet=maybe",
      "--quiet: found maybe; expected true or false. To fix: write --quiet true, or leave it out for the default (false).",
    ],
    ["", "myna learn: found no DATA; expected what to learn from. To fix: write myna learn DATA."],
  ])("%s", (line, message) => {
    expect(messageOf(() => parse(line))).toBe(message);
  });

  test("a bad environment variable is named", () => {
    expect(messageOf(() => parse("a", { PORT: "http" }))).toBe(
      "the environment variable PORT: found http; expected a whole number from 0 to 65535. " +
        "To fix: write PORT=3000, or unset it.",
    );
  });

  test("a word too many is named", () => {
    const none = { name: "runs", options: z.object({}) };
    expect(messageOf(() => parseOptions(none, ["x"]))).toBe(
      'myna runs: found the word "x" too many; expected options only. ' +
        "To fix: see myna runs --help; a text with spaces goes in quotes.",
    );
  });

  test("no words, however odd, cause anything but options or a readable mistake", () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("--steps", "--rate", "-q", "--", "--no-shuffle", "--steps=", "1e400", "-", "--=", "--no-steps"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        try {
          parseOptions(command, words);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe("help", () => {
  test("is made from the schema", () => {
    const text = commandHelp(
      { ...command, examples: ["myna learn book.txt"] },
      z.object({ json: z.boolean().default(false).describe("JSON") }),
      80,
    );
    expect(text).toBe(`Learns something.

Usage: myna learn DATA... [options]

  DATA  What to learn from (may be repeated; required)

Options
  --steps STEPS        How long (from 1 to 1000000000; default: 100)
  --stop TEXT          Ends there (may be repeated)
  --max-tokens TOKENS  Longest answer (at least 1)
  --no-shuffle         Mixes the order
  -q, --quiet          Says nothing
  --port N             Port (from 0 to 65535; default: 3000; environment: PORT)

Optimiser
  --rate N               How fast (above 0 and at most 1; default: 0.01)
  --schedule cosine|wsd  Shape of the rate (default: cosine)

Everywhere
  --json  JSON

Examples
  myna learn book.txt
`);
  });

  test("no line is wider than the terminal", () => {
    const text = commandHelp(command, z.object({}), 50);
    expect(text.split("\n").filter((line) => line.length > 50)).toEqual([]);
  });
});

describe("guessing", () => {
  test("distance counts insertions, deletions, substitutions and swaps", () => {
    expect(editDistance("steps", "setps")).toBe(1);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  test("something unlike every candidate is not guessed", () => {
    expect(closest("xyz", ["serve", "chat"])).toBeUndefined();
    expect(closest("servr", ["serve", "chat"])).toBe("serve");
    expect(closest("tok", ["tokenize", "chat"])).toBe("tokenize");
  });
});
