// The page on a phone, in the other language, and without a mouse.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Stage, setStage } from "./support/browser.ts";

const longWord = "supercalifragilisticexpialidocious".repeat(4);
const answerOnPhone = `好的，下面是**一张表**和一段代码。

| 名称 | 说明 | 数量 | 备注 |
|---|---|---|---|
| 八哥 | 会学说话的鸟，羽毛黑色，嘴黄色 | 12 | 很聪明 |

\`\`\`python
def greet(name: str) -> str:
    return f"你好，{name}！这是一行很长很长很长很长很长很长很长很长的代码"
\`\`\`

${longWord}`;

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({
    delayMs: 5,
    model: { id: "myna-tiny", parameters: 7_400_000, contextLength: 1024 },
    replies: (messages) => (/[一-鿿]/.test(messages.at(-1)!.content) ? answerOnPhone : "Gladly."),
  });
});
afterAll(() => stage?.close());

const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

describe("on a phone, in Chinese", () => {
  test("everything fits into 360 pixels, and the list is a drawer", async () => {
    const { page, problems, screenshot } = await stage.open({ ...phone, locale: "zh-CN" });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    await page.getByRole("heading", { name: "想聊点什么？" }).waitFor();
    await screenshot("n1-welcome-zh-narrow-light");
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await page.getByRole("navigation").count()).toBe(0);

    await page.getByRole("textbox", { name: "你的消息" }).fill("介绍一下八哥");
    await page.getByRole("button", { name: "发送" }).click();
    await page.getByRole("button", { name: "重新回答" }).waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await screenshot("n2-answer-zh-narrow-light");

    await page.getByRole("button", { name: "显示对话列表" }).click();
    await page.getByRole("dialog", { name: "对话列表" }).waitFor();
    await screenshot("n3-drawer-zh-narrow-light");
    await page.getByRole("link", { name: "新对话" }).click();
    await page.getByRole("dialog", { name: "对话列表" }).waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "想聊点什么？" }).waitFor();

    await page.getByRole("button", { name: "显示对话列表" }).click();
    await page.getByRole("button", { name: "设置" }).click();
    await page.getByRole("dialog", { name: "设置" }).waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await screenshot("n4-settings-zh-narrow-light");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("every button is large enough for a finger", async () => {
    const { page } = await stage.open({ ...phone, colorScheme: "dark" });
    await page.getByRole("heading", { name: "What shall we talk about?" }).waitFor();
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("main button, header button, main a[href]")]
        .map((element) => ({ name: element.ariaLabel ?? element.textContent, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 24 || box.height < 24)
        .map(({ name }) => name),
    );
    expect(small).toEqual([]);
    await page.context().close();
  });

  test("Enter on a touch keyboard makes a new line", async () => {
    const { page, screenshot } = await stage.open({ ...phone, colorScheme: "dark" });
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.fill("first");
    await field.press("Enter");
    await field.pressSequentially("second");
    expect(await field.inputValue()).toBe("first\nsecond");
    await screenshot("n5-welcome-en-narrow-dark");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("article").getByText("Gladly.").waitFor();
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    await screenshot("n6-answer-en-narrow-dark");
    await page.context().close();
  });
});

describe("with the keyboard alone", () => {
  test("a person asks, reads, renames and deletes without touching a mouse", async () => {
    const { page, problems } = await stage.open();
    const field = page.getByRole("textbox", { name: "Your message" });
    await field.waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
    expect(await focused()).toBe("Your message");
    await page.keyboard.type("hello");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Answer again" }).waitFor();

    await page.keyboard.press("Control+k");
    await expect.poll(focused).toBe("Search titles");
    await page.keyboard.press("Tab");
    await page.keyboard.press("F2");
    await page.getByRole("textbox", { name: "New title" }).waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("Renamed by keyboard");
    await page.keyboard.press("Enter");
    const entry = page.getByRole("link", { name: "Renamed by keyboard" });
    await entry.waitFor();
    await entry.press("Delete");
    await page.getByText("Deleted “Renamed by keyboard”.").waitFor();
    await page.getByRole("button", { name: "Undo" }).press("Enter");
    await page.getByText("“Renamed by keyboard” is back.").waitFor();
    await entry.waitFor();

    await page.keyboard.press("Control+Shift+s");
    await page.getByRole("navigation").waitFor({ state: "hidden" });
    await page.keyboard.press("Control+Shift+o");
    await page.getByRole("heading", { name: "What shall we talk about?" }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test("a button in front of everything skips to the conversation, and focus is always visible", async () => {
    const { page } = await stage.open();
    await page.getByRole("heading", { name: "What shall we talk about?" }).waitFor();
    const skip = page.getByRole("button", { name: "Skip to the conversation" });
    expect((await skip.boundingBox())!.y).toBeLessThan(0);
    await skip.focus();
    expect((await skip.boundingBox())!.y).toBeGreaterThanOrEqual(0);
    await skip.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await skip.focus();
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press("Tab");
      const isVisible = await page.evaluate(() => {
        const element = document.activeElement!;
        const field = element.matches("textarea") ? element.closest("form")! : element;
        const style = getComputedStyle(field);
        return element === document.body || style.outlineStyle !== "none" || style.borderStyle !== "none";
      });
      expect(isVisible).toBe(true);
    }
    await page.context().close();
  });

  test("a dialog keeps the focus inside and gives it back", async () => {
    const { page } = await stage.open();
    const button = page.getByRole("button", { name: "Settings" });
    await button.focus();
    await button.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Settings" });
    await dialog.waitFor();
    for (let step = 0; step < 20; step++) await page.keyboard.press("Tab");
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Settings");
    await page.context().close();
  });
});

describe("for a screen reader", () => {
  test("an answer is announced when it begins and once when it is whole, and not word by word", async () => {
    const { page } = await stage.open();
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(window, { said });
      new MutationObserver(() => {
        const text = document.querySelector("p[role=status].sr-only")?.textContent ?? "";
        if (text !== "" && text !== said.at(-1)) said.push(text);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByRole("textbox", { name: "Your message" }).fill("hello");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Answer again" }).waitFor();
    expect(await page.evaluate(() => (window as unknown as { said: string[] }).said)).toEqual([
      "Myna is answering.",
      "Myna answered: Gladly.",
    ]);
    await page.context().close();
  });
});
