// Rules that no compiler checks: file lengths, forbidden words, README's commands, the licences of what we depend on.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listFiles, readManifest, readText, root } from "./support/repository.ts";

const LONGEST_FILE = 350;

/** Files that may be longer, each with the reason. */
const longFiles: Record<string, string> = {};

const tracked = listFiles();
const isOurCode = (path: string) =>
  /\.(ts|tsx|mjs)$/.test(path) &&
  !/(^|\/)(fixtures|generated)\//.test(path) &&
  /^(packages|scripts|tests|bench|e2e|recipes)\//.test(path);
const code = tracked.filter(isOurCode);
const thisFile = "tests/house-rules.test.ts";

test(`no source file is longer than ${LONGEST_FILE} lines`, () => {
  const long = code
    .map((path) => ({ path, lines: readText(path).split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > LONGEST_FILE && longFiles[path] === undefined)
    .map(({ path, lines }) => `${path}: ${lines} lines; split it by concept`);
  expect(long).toEqual([]);
});

test("exceptions for long files are still needed", () => {
  const needless = Object.keys(longFiles).filter(
    (path) => !code.includes(path) || readText(path).split("\n").length - 1 <= LONGEST_FILE,
  );
  expect(needless).toEqual([]);
});

/** Lines of our code that match, as "path:line: text". */
function linesMatching(pattern: RegExp): string[] {
  return code
    .filter((path) => path !== thisFile)
    .flatMap((path) =>
      readText(path)
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
}

test("no value is typed any", () => {
  const isComment = (line: string) => /:\d+: (\*|\/\/|\/\*)/.test(line);
  expect(linesMatching(/(:|\bas|<) ?any\b/).filter((line) => !isComment(line))).toEqual([]);
});

test("nothing is put off in a comment, and no test is skipped or run alone", () => {
  expect(linesMatching(/\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  expect(linesMatching(/\b(test|it|describe)\.(skip|only|todo)\b/)).toEqual([]);
});

test("texts say what is, not which task asked for it", () => {
  expect(linesMatching(/\b(issue|ticket|task) #?\d/i)).toEqual([]);
});

test("no error is swallowed by an empty catch", () => {
  expect(linesMatching(/catch\s*(\([^)]*\))?\s*\{\s*\}/)).toEqual([]);
});

test("texts and code name no path of a developer's machine", () => {
  const texts = tracked.filter((path) => isOurCode(path) || /\.(md|json|yml|css|html)$/.test(path));
  const offenders = texts
    .filter((path) => path !== thisFile && path !== "package-lock.json" && !/(^|\/)fixtures\//.test(path))
    .flatMap((path) =>
      readText(path)
        .split("\n")
        .flatMap((line, index) =>
          /(^|[\s"'`(=])\/(work|home|Users|root)\/\w/.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [],
        ),
    );
  expect(offenders).toEqual([]);
});

test("every npm script and myna command that the documents name exists", async () => {
  const { commands } = await import("../packages/cli/src/commands/index.ts");
  const names = commands.map((command) => command.name);
  const scripts = Object.keys(readManifest("package.json").scripts ?? {});
  const documents = tracked.filter((path) => /^(README|CHANGELOG)\.md$|^docs\/.*\.md$|^models\/.*\.md$/.test(path));
  const unknown = documents.flatMap((path) => {
    const text = readText(path);
    const mentioned = [...text.matchAll(/\bnpm (?:run )?([a-z0-9]+)\b/g)].map((match) => match[1]!);
    const wrongScripts = mentioned
      .filter(
        (name) =>
          !["ci", "install", "run", "scripts", "workspaces", "packages"].includes(name) && !scripts.includes(name),
      )
      .map((name) => `${path}: npm run ${name}`);
    // A command begins with a letter: `myna --help` names none.
    const wrongCommands = [...text.matchAll(/(?:`|^\s*|npx )myna ([a-z][a-z-]*(?: [a-z]+)?)/gm)]
      .map((match) => match[1]!)
      .filter((words) => !names.includes(words) && !names.includes(words.split(" ")[0]!))
      .map((words) => `${path}: myna ${words}`);
    return [...wrongScripts, ...wrongCommands];
  });
  expect(unknown).toEqual([]);
});

test("every file that the documents link to exists", () => {
  const documents = tracked.filter((path) => /^[A-Z]+\.md$|^docs\/.*\.md$/.test(path));
  const broken = documents.flatMap((path) =>
    [...readText(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|click \w+ "([^"]+)"/g)]
      .map((match) => match[1] ?? match[2]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(join(root, path, "..", target)))
      .map((target) => `${path}: ${target}`),
  );
  expect(broken).toEqual([]);
});

const permissive =
  /^(MIT|MIT-0|Apache-2\.0|BSD-2-Clause|BSD-3-Clause|ISC|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense|Python-2\.0|Zlib)$/;
/** Packages under other licences, each with the reason why it may stay. */
const otherLicences: Record<string, { licence: string; reason: string }> = {
  lightningcss: { licence: "MPL-2.0", reason: "a build tool, used unchanged" },
};

/** "(MIT OR GPL-3.0)" is fine when one choice is permissive, "MIT AND Zlib" when all parts are. */
function isPermissive(licence: string): boolean {
  const choices = licence.replaceAll(/[()]/g, "").split(" OR ");
  return choices.some((choice) => choice.split(" AND ").every((part) => permissive.test(part.trim())));
}

test("every installed package has a licence that lets people use and change it", () => {
  const lock = JSON.parse(readText("package-lock.json")) as { packages: Record<string, { link?: boolean }> };
  const offenders = Object.entries(lock.packages).flatMap(([path, { link }]) => {
    const manifestPath = join(root, path, "package.json");
    if (!path.includes("node_modules/") || link || !existsSync(manifestPath)) return [];
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const manifest = JSON.parse(readFileSync(manifestPath, "utf8")) as {
      license?: string | { type: string };
      licenses?: { type: string }[];
    };
    const stated = manifest.license ?? manifest.licenses?.[0]?.type ?? "none stated";
    const licence = typeof stated === "string" ? stated : stated.type;
    const exception = Object.entries(otherLicences).find(([known]) => name === known || name.startsWith(`${known}-`));
    return isPermissive(licence) || exception?.[1].licence === licence ? [] : [`${name}: ${licence}`];
  });
  expect(offenders).toEqual([]);
});
