import { renderToStaticMarkup } from "react-dom/server";
import { beforeAll, expect, test } from "vitest";
import { startLanguages } from "../i18n/i18n.ts";
import { safeAddress } from "./links.ts";
import { Markdown } from "./markdown.tsx";

beforeAll(() => startLanguages("en"));

const render = (text: string, isStreaming = false) =>
  renderToStaticMarkup(<Markdown text={text} isStreaming={isStreaming} />);

test.each([
  "<script>alert(1)</script>",
  'before <img src="x" onerror="alert(1)"> after',
  '<a href="javascript:alert(1)">x</a>',
  '<svg onload="alert(1)"></svg>',
  "<style>body{display:none}</style>",
  '<iframe src="https://example.org"></iframe>',
  "<details open ontoggle=alert(1)>x</details>",
])("HTML stays text: %s", (html) => {
  for (const isStreaming of [true, false]) {
    const markup = render(html, isStreaming);
    expect(markup).not.toMatch(/<(script|img|svg|style|iframe|details|a)\b/);
    expect(markup).toContain("&lt;");
  }
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "blob:https://example.org/1",
  "/api/conversations",
  "//",
])("a link to %s is text", (address) => {
  expect(safeAddress(address)).toBeUndefined();
  expect(render(`[x](<${address}>)`)).not.toContain("href");
});

test("a link to another site opens apart and tells it nothing", () => {
  expect(render("[x](https://example.org/a?b=1)")).toContain(
    '<a href="https://example.org/a?b=1" target="_blank" rel="noopener noreferrer nofollow">x</a>',
  );
  expect(render("<mailto:a@example.org>")).toContain('href="mailto:a@example.org"');
});

test("an image is a link to it, and never loaded", () => {
  const markup = render("![a chart](https://example.org/c.png?secret=1)");
  expect(markup).not.toContain("<img");
  expect(markup).toContain("Image, not loaded: a chart");
  expect(render("![](data:image/png;base64,AAAA)")).toContain("Image, not loaded: untitled");
});

test("a fenced block keeps its text, shows its language and is coloured", () => {
  const markup = render("```ts\nconst a = '<b>';\n```");
  expect(markup).toContain('<span class="code-keyword">const</span>');
  expect(markup).toContain("&lt;b&gt;");
  expect(markup).toContain(">ts<");
});

test("an unfinished fence and unfinished emphasis are shown finished while the answer streams", () => {
  expect(render("```py\nprint(1", true)).toContain("code-block");
  expect(render("so **very", true)).toContain("<strong>very</strong>");
});

test("tables, task lists and strikethrough are rendered", () => {
  const markup = render("| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\n~~old~~");
  expect(markup).toContain("table-frame");
  expect(markup).toContain(">1</td>");
  expect(markup).toContain('type="checkbox"');
  expect(markup).toContain("<del>old</del>");
});

test.each([
  ["**注意：**请看", "<strong>注意：</strong>请看"],
  ["他说**“你好”**就走了", "他说<strong>“你好”</strong>就走了"],
  ["一**甲。**二**乙！**三", "一<strong>甲。</strong>二<strong>乙！</strong>三"],
])("emphasis beside Chinese punctuation: %s", (text, expected) => {
  expect(render(text)).toContain(expected);
});

test("asterisks in code and between spaces are no emphasis", () => {
  expect(render("`**注意：**请`")).toContain(">**注意：**请<");
  expect(render("二 ** 三")).not.toContain("<strong>");
});

test("inline code is no block", () => {
  expect(render("use `npm start`")).toContain(">npm start</code>");
});
