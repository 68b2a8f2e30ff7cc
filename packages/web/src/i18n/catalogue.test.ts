import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";
import { describe, expect, test } from "vitest";
import { catalogue } from "./catalogue.ts";
import { detectLanguage } from "./i18n.ts";

const source = join(import.meta.dirname, "..");
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
  .map((path) => ({ path, text: readFileSync(join(source, path), "utf8") }));
const entries = Object.entries(catalogue);

describe("the catalogue", () => {
  test("both languages have a text under every key, with the same values in it", () => {
    const valuesOf = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();
    for (const [key, { en, zh }] of entries) {
      expect(en.trim(), key).not.toBe("");
      expect(zh.trim(), key).not.toBe("");
      expect(valuesOf(zh), key).toEqual(valuesOf(en));
    }
  });

  test("Chinese texts are Chinese, and English ones are not", () => {
    const withoutHan = entries.filter(([, { zh }]) => !/\p{Script=Han}/u.test(zh)).map(([key]) => key);
    expect(withoutHan).toEqual(["settings.topP"]);
    expect(entries.filter(([, { en }]) => /\p{Script=Han}/u.test(en))).toEqual([]);
  });

  test("Chinese texts use Chinese punctuation", () => {
    const halfWidth = entries.filter(([, { zh }]) => /\p{Script=Han}[,;:?!]|[,;:?!]\p{Script=Han}/u.test(zh));
    expect(halfWidth).toEqual([]);
  });

  test("every text is used somewhere", () => {
    const code = files.filter(({ path }) => !path.endsWith("catalogue.ts")).map(({ text }) => text);
    const unused = entries.map(([key]) => key).filter((key) => !code.some((text) => text.includes(`"${key}"`)));
    expect(unused).toEqual([]);
  });
});

interface SyntaxNode {
  type: string;
  [field: string]: unknown;
}

/** Attributes whose text is read by people, or read aloud to them. */
const spokenAttributes = new Set(["aria-label", "aria-description", "title", "placeholder", "alt", "label"]);

/** Anything with letters that a component shows or says without the catalogue, as "text" or "attribute=text". */
function findLiteralTexts(code: string): string[] {
  const found: string[] = [];
  const note = (text: string, before: string) => {
    if (/\p{L}/u.test(text)) found.push(before + text.trim());
  };
  /** Texts that an expression may turn out to be; whatever a function returns is its own affair. */
  const noteLiterals = (node: SyntaxNode | null, before: string): void => {
    if (node?.type === "Literal" && typeof node.value === "string") note(node.value, before);
    if (node?.type === "JSXExpressionContainer") noteLiterals(node.expression as SyntaxNode, before);
    if (node?.type === "LogicalExpression") noteLiterals(node.right as SyntaxNode, before);
    if (node?.type === "ConditionalExpression") {
      noteLiterals(node.consequent as SyntaxNode, before);
      noteLiterals(node.alternate as SyntaxNode, before);
    }
    if (node?.type === "TemplateLiteral") {
      const parts = node.quasis as { value: { cooked: string } }[];
      note(parts.map(({ value }) => value.cooked).join("…"), before);
    }
  };
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) {
      node.forEach(visit);
      return;
    }
    const { type, ...fields } = node as SyntaxNode;
    if (type === "JSXText") note(fields.value as string, "");
    if (type === "JSXElement" || type === "JSXFragment") {
      for (const child of fields.children as SyntaxNode[]) {
        if (child.type === "JSXExpressionContainer") noteLiterals(child, "");
      }
    }
    if (type === "JSXAttribute") {
      const name = String((fields.name as SyntaxNode).name);
      if (spokenAttributes.has(name)) noteLiterals(fields.value as SyntaxNode | null, `${name}=`);
    }
    Object.values(fields).forEach(visit);
  };
  visit(parseSync("component.tsx", code).program);
  return found;
}

describe("components", () => {
  test("contain no text of their own: all of it comes from the catalogue", () => {
    const untranslated = files
      .filter(({ path }) => path.endsWith(".tsx"))
      .flatMap(({ path, text }) => findLiteralTexts(text).map((literal) => `${path}: ${literal}`));
    expect(untranslated).toEqual([]);
  });

  test("the checker finds texts between tags, in expressions and in attributes that are read aloud", () => {
    const code = `const A = () => <p className="a" title="Tip" aria-label={\`Go \${x}\`}>Hi {n > 1 ? "you" : t("key")} {n} · {\`a\`}</p>;`;
    expect(findLiteralTexts(code).sort()).toEqual(["Hi", "a", "aria-label=Go …", "title=Tip", "you"]);
  });
});

test.each([
  [null, ["zh-TW", "en"], "zh"],
  [null, ["fr-FR", "zh"], "zh"],
  [null, ["fr"], "en"],
  [null, [], "en"],
  ["en", ["zh-CN"], "en"],
  ["klingon", ["zh-CN"], "zh"],
] as const)("with %s chosen and %j preferred by the browser, the page speaks %s", (stored, preferred, language) => {
  expect(detectLanguage(stored, preferred)).toBe(language);
});
