// Reads the imports of source files and judges them by the layers of the project.

export interface SourceFile {
  /** Relative to the repository, with forward slashes: packages/models/src/decoder.ts. */
  path: string;
  text: string;
}

export interface Import {
  specifier: string;
  /** From 1. */
  line: number;
  /** The line as written. */
  source: string;
  /** Erased before the program runs: `import type`, `export type`, or only `type` names in the braces. */
  isTypeOnly: boolean;
}

/** Which packages each package may import, and why no others. */
export const layers: Record<string, { mayImport: readonly string[]; reason: string }> = {
  tensor: { mayImport: [], reason: "the compiler stands below everything and knows no model" },
  tokenizer: { mayImport: [], reason: "text and ids need no tensors" },
  protocol: { mayImport: [], reason: "wire types are shared with the browser and depend on nothing" },
  models: { mayImport: ["tensor"], reason: "a model knows no optimiser, tool, file format of data, or HTTP" },
  inference: {
    mayImport: ["models", "tokenizer", "tensor"],
    reason: "generation must not depend on training or serving",
  },
  training: {
    mayImport: ["inference", "models", "tokenizer", "tensor"],
    reason: "training must run without a server or a terminal",
  },
  safety: {
    mayImport: ["inference", "models", "tokenizer", "tensor"],
    reason: "a moderation model is a model; it must run without a server",
  },
  server: { mayImport: ["inference", "protocol"], reason: "the server never sees a tensor" },
  web: { mayImport: ["protocol"], reason: "the page speaks to the server over HTTP only" },
  cli: {
    mayImport: ["tensor", "tokenizer", "protocol", "models", "inference", "training", "safety", "server"],
    reason: "the page is built and served, never imported",
  },
};

/**
 * The imports of a file, in order: static ones, re-exports, and dynamic ones with a literal name.
 *
 * Statements are recognised at the start of a line, where the formatter puts them; examples in comments are not.
 */
export function readImports(text: string): Import[] {
  const found: Import[] = [];
  const add = (index: number, specifier: string, isTypeOnly: boolean) => {
    const line = text.slice(0, index).split("\n").length;
    found.push({ specifier, line, source: text.split("\n")[line - 1]!.trim(), isTypeOnly });
  };
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?([^;"'()]*?)\bfrom\s*["']([^"']+)["']/gm)) {
    const names = /^\{([^}]*)\}\s*$/.exec(match[2]!.trim())?.[1]?.split(",") ?? [];
    const written = names.map((name) => name.trim()).filter((name) => name !== "");
    const isTypeOnly = match[1] !== undefined || (written.length > 0 && written.every((name) => /^type\s/.test(name)));
    add(match.index, match[3]!, isTypeOnly);
  }
  for (const match of text.matchAll(/^import\s*["']([^"']+)["']/gm)) add(match.index, match[1]!, false);
  for (const match of text.matchAll(/^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*["']([^"']+)["']\s*\)/gm)) {
    add(
      match.index,
      match[1]!,
      /\btypeof import\(|[:<=|&]\s*import\([^)]*\)\./.test(match[0]) && !/await/.test(match[0]),
    );
  }
  return found.sort((one, other) => one.line - other.line);
}

/**
 * Every import that breaks a rule, as "path:line: the line (reason)".
 *
 * @param dependencies names that each package's package.json declares, by package
 * @param rootDependencies names declared at the root, open to test files
 */
export function findForbiddenImports(
  files: readonly SourceFile[],
  dependencies: Record<string, readonly string[]>,
  rootDependencies: readonly string[],
): string[] {
  return files.flatMap((file) => {
    const owner = packageOf(file.path);
    return readImports(file.text).flatMap((found) => {
      const reason = judge(file, owner, found, dependencies[owner] ?? [], rootDependencies);
      return reason === undefined ? [] : [`${file.path}:${found.line}: ${found.source} (${reason})`];
    });
  });
}

function judge(
  file: SourceFile,
  owner: string,
  { specifier }: Import,
  declared: readonly string[],
  rootDependencies: readonly string[],
): string | undefined {
  const layer = layers[owner];
  if (layer === undefined) return `package ${owner} is not in the table of layers; add it there with a reason`;
  // A package's `testing` holds fakes: its own files there, and what others' tests may import of it.
  const isTest = /\.test\.tsx?$|\/testing\//.test(file.path);
  if (specifier.startsWith(".")) {
    return resolvePath(file.path, specifier).startsWith(`packages/${owner}/`)
      ? undefined
      : "it leaves the package: import @myna/NAME, whose index.ts is the public face";
  }
  if (specifier.startsWith("@myna/")) {
    const [, target, ...rest] = specifier.split("/");
    const isFake = isTest && rest.join("/") === "testing";
    if (rest.length > 0 && !isFake) return `only @myna/${target} is public; export what you need from its index.ts`;
    if (target === owner) return "files of one package import each other directly";
    if (!layer.mayImport.includes(target!))
      return `${owner} may import ${layer.mayImport.join(", ") || "nothing of ours"}: ${layer.reason}`;
    const name = `@myna/${target}`;
    return declared.includes(name) ? undefined : `packages/${owner}/package.json does not declare ${name}`;
  }
  if (specifier.startsWith("node:")) {
    return owner === "web" && !isTest ? "the page runs in a browser, which has no Node modules" : undefined;
  }
  const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : specifier.split("/")[0]!;
  if (declared.includes(name) || (isTest && rootDependencies.includes(name))) return undefined;
  return `packages/${owner}/package.json does not declare ${name}`;
}

/** Cycles of files whose imports survive until the program runs, each as "a.ts → b.ts → a.ts". */
export function findCycles(files: readonly SourceFile[]): string[] {
  const paths = new Set(files.map((file) => file.path));
  const edges = new Map(
    files.map((file) => [
      file.path,
      readImports(file.text)
        .filter((found) => !found.isTypeOnly && found.specifier.startsWith("."))
        .map((found) => resolvePath(file.path, found.specifier))
        .filter((path) => paths.has(path)),
    ]),
  );
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) {
      cycles.push([...trail.slice(start), path].join(" → "));
      return;
    }
    if (finished.has(path)) return;
    for (const next of edges.get(path)!) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

function packageOf(path: string): string {
  return path.split("/")[1]!;
}

/** "packages/a/src/b.ts" and "../c.ts" → "packages/a/c.ts". */
function resolvePath(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
