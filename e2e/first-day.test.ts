// A new user's first minutes, in a real browser.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stage, setStage, type Visit } from "./support/browser.ts";

const story = `Once upon a time a **myna** lived in an old tree.

1. Every morning it listened to the children.
2. Every evening it said their words again.

> "Good morning!" it said one day, and everybody laughed.

\`\`\`ts
// how it learned
const words = ["good", "morning"];
for (const word of words) say(word, { times: 3 });
\`\`\`

| Day | Words |
|---|---|
| Monday | 2 |
| Tuesday | 14 |

It is told that it still talks. [Read more](https://example.org) ![a bird](https://example.org/bird.png)

<script>window.hasRun = true</script>`;

const chineseStory =
  "从前有一只**八哥**，住在一棵老树上。\n\n它每天早上听孩子们说话，晚上再一句一句地学。有一天，它忽然说：“早上好！”大家都笑了。\n\n- 第一天学会了两个词\n- 第二天学会了十四个词";

describe("a first day", () => {
  let stage: Stage;
  let visit: Visit;

  beforeAll(async () => {
    stage = await setStage({
      delayMs: 15,
      model: { id: "myna-tiny", parameters: 7_400_000, contextLength: 1024 },
      replies: (messages) => {
        const question = messages.at(-1)!.content;
        if (question.includes("故事")) return chineseStory;
        if (/endless/.test(question)) return "and so on ".repeat(2_000);
        if (/story/.test(question)) return story;
        return `You said: ${question}`;
      },
    });
    visit = await stage.open();
  });
  afterAll(() => stage?.close());

  test("the first visit says what this is and offers four ways to begin", async () => {
    const { page, screenshot } = visit;
    await page.getByRole("heading", { name: "What shall we talk about?" }).waitFor();
    expect(await page.getByRole("list", { name: "Ideas to begin with" }).getByRole("button").count()).toBe(4);
    await page.getByText("often wrong").waitFor();
    await screenshot("1-welcome-en-wide-light");
  });

  test("a starter asks, and its answer streams in as rendered Markdown that runs nothing", async () => {
    const { page, screenshot } = visit;
    await page.getByRole("button", { name: /story about a bird/ }).click();
    await page.getByRole("article").getByText("Once upon a time").waitFor();
    await page.getByRole("button", { name: "Stop answering" }).waitFor();
    await screenshot("2-streaming");
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    await screenshot("3-answer-en-wide-light");
    expect(await page.locator(".code-keyword").first().textContent()).toBe("const");
    expect(await page.locator("main img:not([aria-hidden])").count()).toBe(0);
    expect(await page.evaluate(() => "hasRun" in window)).toBe(false);
    expect(await page.getByRole("link", { name: "Read more" }).getAttribute("rel")).toContain("noopener");
    await page.getByRole("article").getByText("<script>window.hasRun").waitFor();
  });

  test("code and answers are copied exactly", async () => {
    const { page } = visit;
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await page.getByRole("button", { name: "Copy code" }).click();
    expect(await clipboard()).toBe(story.slice(story.indexOf("// how"), story.indexOf("\n```\n\n|")));
    await page.getByRole("button", { name: "Copy", exact: true }).last().click();
    expect(await clipboard()).toBe(story);
  });

  test("Enter sends, Shift+Enter makes a line, and Enter inside an input method does neither", async () => {
    const { page } = visit;
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.fill("one");
    await field.press("Shift+Enter");
    await field.pressSequentially("two");
    await field.dispatchEvent("keydown", { key: "Enter", keyCode: 229 });
    expect(await field.inputValue()).toBe("one\ntwo");
    await field.press("Enter");
    await page.getByRole("article").getByText("You said: one").waitFor();
    expect(await field.inputValue()).toBe("");
  });

  test("Escape stops the engine, what was written stays, and the page says who stopped it", async () => {
    const { page } = visit;
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.fill("say something endless");
    await field.press("Enter");
    await page.getByRole("article").getByText("and so on and so on").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("You stopped this answer.").waitFor();
    expect(stage.engine.running).toBe(0);
  });

  test("answering again makes a second version, and both can be looked at", async () => {
    const { page } = visit;
    await page.getByRole("button", { name: "Answer again" }).last().click();
    await page.getByRole("button", { name: "Stop answering" }).click();
    await page.getByRole("img", { name: "Version 2 of 2" }).waitFor();
    await page.getByRole("button", { name: "Previous version" }).click();
    await page.getByRole("img", { name: "Version 1 of 2" }).waitFor();
  });

  test("an edited message becomes a branch of its own", async () => {
    const { page } = visit;
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.press("ArrowUp");
    const editor = page.getByRole("textbox", { name: "Edit your message" });
    await editor.fill("say it once");
    await editor.press("Enter");
    await page.getByRole("article").getByText("You said: say it once").waitFor();
    await page.getByRole("button", { name: "Previous version" }).first().click();
    await page.getByRole("article").getByText("say something endless").waitFor();
  });

  test("a reload in the middle of an answer goes on with it, without asking the engine again", async () => {
    const { page } = visit;
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.fill("one more story, please");
    await field.press("Enter");
    await page.getByRole("article").getByText("Once upon a time").nth(1).waitFor();
    const asked = stage.engine.requests.length;
    await page.reload();
    await page.getByRole("button", { name: "Stop answering" }).waitFor();
    await page.getByRole("button", { name: "Answer again" }).last().waitFor();
    await page.getByRole("article").getByText("Tuesday").nth(1).waitFor();
    expect(stage.engine.requests.length).toBe(asked);
  });

  test("a draft survives a reload", async () => {
    const { page } = visit;
    await page.getByRole("textbox", { name: "Your message" }).fill("not yet sent 还没发");
    await page.reload();
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.waitFor();
    expect(await field.inputValue()).toBe("not yet sent 还没发");
    await field.fill("");
  });

  test("a conversation is renamed, found, deleted, and brought back", async () => {
    const { page, screenshot } = visit;
    const nav = page.getByRole("navigation", { name: "Conversations" });
    await nav.getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Rename" }).click();
    const editor = page.getByRole("textbox", { name: "New title" });
    await editor.fill("The bird 小鸟");
    await editor.press("Enter");
    await nav.getByRole("link", { name: "The bird 小鸟" }).waitFor();
    await page.getByRole("searchbox").fill("小鸟");
    expect(await nav.getByRole("link", { name: "The bird" }).count()).toBe(1);
    await page.getByRole("searchbox").fill("elephant");
    await page.getByText("No title contains").waitFor();
    await page.getByRole("button", { name: "Clear the search" }).click();
    await nav.getByRole("button", { name: /^Actions/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByText("Deleted “The bird 小鸟”.").waitFor();
    await screenshot("4-deleted");
    expect(await nav.getByRole("link", { name: "The bird 小鸟" }).count()).toBe(0);
    await page.getByRole("button", { name: "Undo" }).click();
    await nav.getByRole("link", { name: "The bird 小鸟" }).waitFor();
    await page.getByRole("article").getByText("Once upon a time").first().waitFor();
  });

  test("settings change the language and the theme at once, and the sampling of the next answer", async () => {
    const { page, screenshot } = visit;
    await page.keyboard.press("Control+,");
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await page.getByRole("textbox", { name: "Seed" }).fill("7");
    await page.getByRole("radio", { name: "Dark" }).click();
    await screenshot("5-settings-en-wide-dark");
    await page.getByRole("radio", { name: "中文" }).click();
    await page.getByRole("dialog", { name: "设置" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme])).toEqual([
      "zh-CN",
      "dark",
    ]);
    await page.getByRole("link", { name: "新对话" }).click();
    await page.getByRole("heading", { name: "想聊点什么？" }).waitFor();
    await screenshot("6-welcome-zh-wide-dark");
    await page.getByRole("button", { name: /睡前故事/ }).click();
    await page.getByRole("article").getByText("第二天学会了十四个词").waitFor();
    await page.getByRole("button", { name: "重新回答" }).waitFor();
    await screenshot("7-answer-zh-wide-dark");
    expect(stage.engine.requests.at(-1)?.options.seed).toBe(7);
  });

  test("the help sheet opens with ? and lists the keys", async () => {
    const { page, screenshot } = visit;
    await page.locator("main").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "键盘" }).waitFor();
    await screenshot("8-help-zh-wide-dark");
    await page.keyboard.press("Escape");
  });

  test("nothing was refused, thrown or loaded from elsewhere on the way", () => {
    expect(visit.problems).toEqual([]);
  });
});
