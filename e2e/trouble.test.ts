// What a person sees when something goes wrong, and that nothing is lost by it.

import { afterEach, expect, test } from "vitest";
import { type Stage, setStage } from "./support/browser.ts";

let stage: Stage | undefined;
afterEach(async () => {
  expect(stage?.faults()).toEqual([]);
  await stage?.close();
  stage = undefined;
});

const ask = async (page: Awaited<ReturnType<Stage["open"]>>["page"], question: string) => {
  const field = page.getByRole("textbox", { name: "Your message" });
  await field.fill(question);
  await field.press("Enter");
};
const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index}`).join(" ");

test("a lost network is said, and the answer goes on where it was, asked for once", async () => {
  stage = await setStage({ delayMs: 40, replies: [words(120)] });
  const { page, screenshot } = await stage.open();
  await ask(page, "count");
  await page.getByRole("article").getByText("word3").waitFor();
  await page.context().setOffline(true);
  await page.getByText("The connection is lost.").waitFor();
  await screenshot("t1-offline");
  await page.context().setOffline(false);
  await page.getByText("The connection is lost.").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Answer again" }).waitFor();
  expect(await page.locator("article .markdown").textContent()).toBe(words(120));
  expect(stage.engine.requests.length).toBe(1);
});

test("a server that restarts in the middle of an answer leaves its words, the reason and a way to go on", async () => {
  stage = await setStage({ delayMs: 40, replies: [words(400)] });
  const { page, screenshot } = await stage.open();
  await ask(page, "count");
  await page.getByRole("article").getByText("word5").waitFor();
  await stage.restart();
  await page.getByText("The answer was interrupted.").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await screenshot("t2-interrupted");
  expect(await page.locator("article .markdown").textContent()).toContain("word5");
});

test("a message that cannot be sent stays, says why, and is sent by one click when the server is back", async () => {
  stage = await setStage({ replies: ["Here again."] });
  const { page, screenshot } = await stage.open();
  await ask(page, "first");
  await page.getByRole("button", { name: "Answer again" }).waitFor();
  await stage.stopServer();
  await ask(page, "are you there?");
  await page.getByText("Your message was not sent").waitFor();
  await screenshot("t3-unsent");
  await stage.restart();
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("article").getByText("Here again.").nth(1).waitFor();
  expect(stage.engine.requests.length).toBe(2);
});

test("an unsent message can be taken back into the field", async () => {
  stage = await setStage({ replies: ["Yes."] });
  const { page } = await stage.open();
  await ask(page, "first");
  await page.getByRole("button", { name: "Answer again" }).waitFor();
  await stage.stopServer();
  await ask(page, "a long thought");
  await page.getByRole("alert").getByRole("button", { name: "Edit" }).click();
  expect(await page.getByRole("textbox", { name: "Your message" }).inputValue()).toBe("a long thought");
});

test("an engine that fails says so below what it wrote, and can be asked again", async () => {
  let isBroken = true;
  stage = await setStage({
    replies: () =>
      isBroken ? { pieces: ["Half an ", "answer"], error: new Error("the weights went away") } : "A whole answer.",
  });
  const { page, screenshot } = await stage.open();
  await ask(page, "hello");
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await page.getByRole("article").getByText("Half an answer").waitFor();
  await screenshot("t4-failed");
  isBroken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("article").getByText("A whole answer.").waitFor();
});

test("an answer that reached a limit says which", async () => {
  stage = await setStage({
    replies: [{ pieces: ["Cut"], reason: "length" }, { pieces: ["Full"], reason: "context" }, { pieces: [] }],
  });
  const { page } = await stage.open();
  await ask(page, "one");
  await page.getByText("Cut off at the length limit.").waitFor();
  await ask(page, "two");
  await page.getByText("no longer fits").waitFor();
  await ask(page, "three");
  await page.getByText("ended without a word").waitFor();
});

test("a second conversation waits its turn and says behind how many", async () => {
  stage = await setStage({ delayMs: 50, replies: [words(200), "Short."] });
  const first = await stage.open();
  await ask(first.page, "long");
  await first.page.getByRole("article").getByText("word2").waitFor();
  const second = await stage.open();
  await ask(second.page, "short");
  await second.page.getByText("Waiting for its turn, 1 ahead").waitFor();
  await second.screenshot("t5-queued");
  await first.page.keyboard.press("Escape");
  await second.page.getByRole("article").getByText("Short.").waitFor();
});

test("two tabs show the same growing answer, and stopping in one stops it in both", async () => {
  stage = await setStage({ delayMs: 40, replies: [words(400)] });
  const { page } = await stage.open();
  await ask(page, "count");
  await page.getByRole("article").getByText("word3").waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.getByRole("article").getByText("word9").waitFor();
  await other.getByRole("button", { name: "Stop answering" }).click();
  await page.getByText("You stopped this answer.").waitFor();
  await other.getByText("You stopped this answer.").waitFor();
  const textOf = (tab: typeof page) => tab.locator("article .markdown").textContent();
  expect(await textOf(page)).toBe(await textOf(other));
  expect(stage.engine.requests.length).toBe(1);
});

test("the view follows the answer until the reader scrolls up, and one button leads back", async () => {
  stage = await setStage({ delayMs: 10, replies: [words(900).replaceAll(/(word\d*0) /g, "$1\n\n")] });
  const { page } = await stage.open({ viewport: { width: 900, height: 500 } });
  await ask(page, "count");
  await page.getByRole("article").getByText("word150").waitFor();
  const region = page.getByRole("region", { name: "Conversation" });
  const distance = () => region.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
  expect(await distance()).toBeLessThan(60);
  await region.hover();
  await page.mouse.wheel(0, -400);
  await page.getByRole("button", { name: "Jump to the latest" }).waitFor();
  const top = await region.evaluate((box) => box.scrollTop);
  await page.getByRole("article").getByText("word300").waitFor();
  expect(Math.abs((await region.evaluate((box) => box.scrollTop)) - top)).toBeLessThan(5);
  await page.getByRole("button", { name: "Jump to the latest" }).click();
  await page.getByRole("button", { name: "Jump to the latest" }).waitFor({ state: "hidden" });
  expect(await distance()).toBeLessThan(60);
});

test("an address without a conversation says so", async () => {
  stage = await setStage({ replies: ["x"] });
  const { page } = await stage.open();
  await page.goto(`${stage.url}/c/conv_0000000000000000000000`);
  await page.getByText("does not exist, or was deleted").waitFor();
  await page.goto(`${stage.url}/nowhere`);
  await page.getByText("There is no page at this address.").waitFor();
});

test("a text that cannot be kept is refused with the reason, and stays with its writer", async () => {
  stage = await setStage({ replies: ["x"] });
  const { page } = await stage.open();
  await ask(page, "first");
  await page.getByRole("button", { name: "Answer again" }).waitFor();
  await page.getByRole("textbox", { name: "Your message" }).evaluate((field: HTMLTextAreaElement) => {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value")!.set!.call(
      field,
      "half a \ud83d character",
    );
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.keyboard.press("Enter");
  await page
    .getByRole("alert")
    .getByText(/lone surrogate/)
    .waitFor();
  await page.getByRole("alert").getByRole("button", { name: "Edit" }).click();
  expect(await page.getByRole("textbox", { name: "Your message" }).inputValue()).toContain("half a");
});

test("what people write is shown as they wrote it, in the list and the title too, and never runs", async () => {
  const hostile = `<img src=x onerror="window.hasRun=1"> [x](javascript:window.hasRun=1) \u202egnirts`;
  stage = await setStage({ replies: [hostile] });
  const { page } = await stage.open();
  await ask(page, hostile);
  await page.getByRole("button", { name: "Answer again" }).waitFor();
  await page.getByRole("article").getByText(hostile, { exact: true }).nth(1).waitFor();
  await page.getByRole("navigation").getByText("<img src=x").waitFor();
  expect(await page.evaluate(() => "hasRun" in window)).toBe(false);
  expect(await page.locator("main a[href^=javascript], main article img").count()).toBe(0);
  expect(await page.title()).toContain("<img src=x");
});
