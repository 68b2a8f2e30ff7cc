// A conversation of hundreds of messages opens at its end, and its beginning comes when the reader goes there.

import { expect, test } from "vitest";
import { setStage } from "./support/browser.ts";

const TURNS = 200;

test("the newest messages are there at once, older ones as the reader scrolls up, and nothing jumps", async () => {
  const stage = await setStage({ replies: ["Yes."], slots: 4 });
  const { page, problems } = await stage.open();
  const conversationId = await page.evaluate(async (turns) => {
    const post = async (path: string, body: unknown) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
      return (await response.json()) as { conversation: { id: string }; answer: { id: string } };
    };
    const { conversation } = await post("/api/conversations", {});
    const messages = `/api/conversations/${conversation.id}/messages`;
    let parentId: string | null = null;
    for (let turn = 0; turn < turns; turn++) {
      const parts = [{ type: "text", text: `Question number ${turn}.` }];
      const { answer } = await post(messages, { parentId, parts });
      // The whole stream, so that the next question comes after the answer.
      await (await fetch(`${messages}/${answer.id}/events`)).text();
      parentId = answer.id;
    }
    return conversation.id;
  }, TURNS);

  await page.goto(`${stage.url}/c/${conversationId}`);
  await page
    .getByRole("article")
    .getByText(`Question number ${TURNS - 1}.`)
    .waitFor();
  expect(await page.getByRole("article").count()).toBeLessThan(TURNS);

  const region = page.getByRole("region", { name: "Conversation" });
  await region.hover();
  const first = page.getByRole("article").getByText("Question number 0.");
  for (let step = 0; step < 400 && !(await first.isVisible()); step++) await page.mouse.wheel(0, -900);
  await first.waitFor();
  expect(await page.getByRole("article").count()).toBe(TURNS * 2);

  await page.getByRole("button", { name: "Jump to the latest" }).click();
  await page.getByRole("textbox", { name: "Your message" }).fill("One more.");
  await page.keyboard.press("Enter");
  await page.getByRole("article").getByText("One more.").waitFor();
  expect(problems).toEqual([]);
  await stage.close();
});
