// Imports go one way (docs/architecture.md). A failure names the line and the reason.

import { describe, expect, test } from "vitest";
import { findCycles, findForbiddenImports, readImports } from "./support/imports.ts";
import { declaredNames, listFiles, readManifest, readText } from "./support/repository.ts";

const paths = listFiles().filter(
  (path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !path.includes("/assembly/"),
);
const files = paths.map((path) => ({ path, text: readText(path) }));
const packageNames = [...new Set(paths.map((path) => path.split("/")[1]!))];
const dependencies = Object.fromEntries(
  packageNames.map((name) => [name, declaredNames(readManifest(`packages/${name}/package.json`))]),
);
const rootDependencies = declaredNames(readManifest("package.json"));

describe("this repository", () => {
  test("imports go one way, through public faces, to declared packages", () => {
    expect(findForbiddenImports(files, dependencies, rootDependencies)).toEqual([]);
  });

  test("no file imports itself through others", () => {
    expect(findCycles(files)).toEqual([]);
  });
});

describe("the checker", () => {
  const judge = (path: string, text: string) =>
    findForbiddenImports(
      [{ path, text }],
      { models: ["@myna/tensor", "zod"], server: ["@myna/inference"], web: [], tensor: [] },
      ["vitest"],
    );

  test("an import against the layers is reported with its line and the reason", () => {
    expect(judge("packages/server/src/chat.ts", '\nimport { add } from "@myna/tensor";\n')).toEqual([
      'packages/server/src/chat.ts:2: import { add } from "@myna/tensor"; ' +
        "(server may import inference, protocol: the server never sees a tensor)",
    ]);
  });

  test.each([
    ["packages/models/src/a.ts", 'import { x } from "../../tensor/src/x.ts";', "it leaves the package"],
    ["packages/models/src/a.ts", 'import { x } from "@myna/tensor/src/x.ts";', "only @myna/tensor is public"],
    [
      "packages/models/src/a.ts",
      'import { x } from "@myna/models";',
      "files of one package import each other directly",
    ],
    ["packages/models/src/a.ts", 'export * from "left-pad";', "does not declare left-pad"],
    ["packages/models/src/a.ts", 'const x = await import("@myna/training");', "models may import tensor"],
    ["packages/models/src/a.ts", 'import { test } from "vitest";', "does not declare vitest"],
    ["packages/web/src/a.tsx", 'import { join } from "node:path";', "no Node modules"],
    ["packages/tensor/src/a.ts", 'import {\n  x,\n} from "@myna/models";', "tensor may import nothing of ours"],
    ["packages/novel/src/a.ts", 'import "./b.ts";', "not in the table of layers"],
  ])("%s: %s is forbidden", (path, text, reason) => {
    expect(judge(path, text)).toEqual([expect.stringContaining(reason)]);
  });

  test.each([
    ["packages/models/src/a.ts", 'import { x } from "@myna/tensor";\nimport * as z from "zod/v4";\nimport "node:fs";'],
    ["packages/models/src/a.test.ts", 'import { test } from "vitest";'],
    ["packages/models/src/a.ts", '/**\n * import { x } from "@myna/training";\n */\n// import("@myna/training")'],
  ])("%s may contain %s", (path, text) => {
    expect(judge(path, text)).toEqual([]);
  });

  test("a cycle is reported as the way around it, and types alone make none", () => {
    const file = (name: string, text: string) => ({ path: `packages/models/src/${name}`, text });
    const b = file("b.ts", 'import { c } from "./deep/c.ts";');
    const c = file("deep/c.ts", 'export { a } from "../a.ts";');
    const way =
      "packages/models/src/a.ts → packages/models/src/b.ts → packages/models/src/deep/c.ts → packages/models/src/a.ts";
    expect(findCycles([file("a.ts", 'import { b } from "./b.ts";'), b, c])).toEqual([way]);
    expect(findCycles([file("a.ts", 'import type { b } from "./b.ts";'), b, c])).toEqual([]);
    expect(findCycles([file("a.ts", 'import { type b, type d } from "./b.ts";'), b, c])).toEqual([]);
  });

  test("every form of import is read", () => {
    const text = [
      'import a from "a";',
      'import type { B } from "b";',
      'import { type C, d } from "c";',
      'import "e";',
      'export * from "f";',
      'const g = await import("g");',
    ].join("\n");
    const summary = readImports(text).map(({ specifier, isTypeOnly }) => `${specifier}${isTypeOnly ? " (types)" : ""}`);
    expect(summary).toEqual(["a", "b (types)", "c", "e", "f", "g"]);
  });
});
