// Every state of the page in every look: readable, named, and inside the window.

import { afterAll, beforeAll, expect, test } from "vitest";
import { audit } from "./support/audit.ts";
import { type Stage, setStage } from "./support/browser.ts";

const everything = `# Title\n\nText with **bold**, *emphasis*, \`code\`, a [link](https://example.org) and ~~old~~ words.

> A quotation

1. one
2. two

- [x] done

\`\`\`ts
// comment
const a: number = call("text", 1);
\`\`\`

\`\`\`diff
@@ 1 @@
-old
+new
\`\`\`

| a | b |
|---|---|
| 1 | 2 |`;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({
    delayMs: 2,
    model: { id: "myna-tiny", parameters: 7_400_000, contextLength: 1024 },
    replies: (messages) =>
      messages.at(-1)!.content === "fail" ? { pieces: ["Half"], error: new Error("x") } : everything,
  });
});
afterAll(() => stage?.close());

const looks = [
  ["light", {}],
  ["dark", { colorScheme: "dark" as const }],
  ["light, high contrast", { contrast: "more" as const }],
  ["dark, high contrast", { colorScheme: "dark" as const, contrast: "more" as const }],
  ["forced colours", { forcedColors: "active" as const }],
  ["narrow, dark", { colorScheme: "dark" as const, viewport: { width: 360, height: 740 } }],
  ["reduced motion", { reducedMotion: "reduce" as const }],
] as const;

test.each(looks)("%s: every text is readable and every control has a name", async (name, options) => {
  const { page, problems, screenshot } = await stage.open(options);
  await page.getByRole("heading", { name: "What shall we talk about?" }).waitFor();
  expect(await audit(page)).toEqual([]);

  const field = page.getByRole("textbox", { name: "Your message" });
  await field.fill("show me everything");
  await field.press("Enter");
  await page.getByRole("button", { name: "Answer again" }).waitFor();
  await page.locator(".code-added").waitFor();
  expect(await audit(page)).toEqual([]);
  await screenshot(`a-${name.replaceAll(/\W+/g, "-")}`);

  await field.fill("fail");
  await field.press("Enter");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  expect(await audit(page)).toEqual([]);

  await page.getByRole("button", { name: /About the model/ }).click();
  await page.getByRole("dialog", { name: "Model" }).waitFor();
  expect(await audit(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "Model" }).waitFor({ state: "hidden" });

  await page.keyboard.press("Control+,");
  await page.getByRole("dialog", { name: "Settings" }).waitFor();
  expect(await audit(page)).toEqual([]);
  await page.keyboard.press("Escape");
  expect(problems).toEqual([]);
  await page.context().close();
});

test("nothing moves for a reader who asked for reduced motion", async () => {
  const { page } = await stage.open({ reducedMotion: "reduce" });
  const field = page.getByRole("textbox", { name: "Your message" });
  await field.fill("show me everything");
  await field.press("Enter");
  await page.getByRole("button", { name: "Stop answering" }).waitFor();
  const longest = await page.evaluate(() =>
    Math.max(0, ...document.getAnimations().map((animation) => Number(animation.effect?.getComputedTiming().duration))),
  );
  expect(longest).toBeLessThanOrEqual(1);
  await page.context().close();
});
