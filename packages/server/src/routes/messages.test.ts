import {
  apiErrorSchema,
  type ConversationTree,
  chatEventSchema,
  conversationTreeSchema,
  type Message,
  regenerateResponseSchema,
  sendMessageResponseSchema,
  stopResponseSchema,
} from "@myna/protocol";
import { expect, test } from "vitest";
import { applyEvents, createTestApp, eventsPath, readEvents, type TestApp, until } from "../testing/test-app.ts";

async function readTree({ get }: TestApp, id: string): Promise<ConversationTree> {
  return conversationTreeSchema.parse(await (await get(`/api/conversations/${id}`)).json());
}

function textOf(message: Message | undefined): string | undefined {
  return message?.parts.map(({ text }) => text).join("");
}

const text = (words: string) => [{ type: "text", text: words }];

test("a message and its answer are rows before a word is generated", async () => {
  const server = await createTestApp({ delayMs: 5 });
  const id = await server.begin();
  const response = await server.send("POST", `/api/conversations/${id}/messages`, {
    parentId: null,
    parts: text("hi 你好"),
  });
  expect(response.status).toBe(201);
  const { userMessage, answer } = sendMessageResponseSchema.parse(await response.json());
  expect(userMessage).toMatchObject({ role: "user", parts: text("hi 你好"), status: "complete", parentId: null });
  expect(answer).toMatchObject({ role: "assistant", parts: [], status: "streaming", parentId: userMessage.id });
  expect((await readTree(server, id)).messages.map(({ id }) => id)).toEqual([userMessage.id, answer.id]);
});

test("the events of an answer begin, bring its text, and end with reason and usage", async () => {
  const server = await createTestApp({ replies: ["Hello from the bird."], delayMs: 1 });
  const { answer } = await server.say(await server.begin(), "hi");
  const events = await server.follow(answer);
  const parsed = events.map(({ data }) => chatEventSchema.parse(data));
  expect(parsed[0]).toMatchObject({ type: "message-start", messageId: answer.id, model: "scripted" });
  expect(applyEvents(events)).toBe("Hello from the bird.");
  expect(parsed.at(-1)).toMatchObject({
    type: "message-end",
    status: "complete",
    reason: "stop",
    usage: { promptTokens: 4, completionTokens: 4, cachedTokens: 0 },
  });
  const [, saved] = (await readTree(server, answer.conversationId)).messages;
  expect(saved).toMatchObject({ status: "complete", endReason: "stop", parts: text("Hello from the bird.") });
});

test("the model reads the branch that leads to the message, and nothing of the others", async () => {
  const server = await createTestApp({ replies: ["one", "two", "three"] });
  const id = await server.begin();
  const first = await server.say(id, "a");
  await server.follow(first.answer);
  const second = await server.say(id, "b", first.answer.id);
  await server.follow(second.answer);
  // The first message edited: a branch of its own.
  const edited = await server.say(id, "A", first.userMessage.parentId);
  await server.follow(edited.answer);
  expect(server.engine.requests.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
    ["a"],
    ["a", "one", "b"],
    ["A"],
  ]);
  const { messages } = await readTree(server, id);
  expect(messages.filter(({ parentId }) => parentId === null).map(textOf)).toEqual(["a", "A"]);
});

test("regenerating puts another answer beside the first, from the answer or from its question", async () => {
  const server = await createTestApp({ replies: ["one", "two", "three"] });
  const id = await server.begin();
  const { userMessage, answer } = await server.say(id, "a");
  await server.follow(answer);
  for (const messageId of [answer.id, userMessage.id]) {
    const response = await server.send("POST", `/api/conversations/${id}/messages/${messageId}/regenerate`, {
      options: { seed: 4 },
    });
    expect(response.status).toBe(201);
    const again = regenerateResponseSchema.parse(await response.json()).answer;
    expect(again.parentId).toBe(userMessage.id);
    await server.follow(again);
  }
  const { messages } = await readTree(server, id);
  expect(messages.filter(({ role }) => role === "assistant").map(textOf)).toEqual(["one", "two", "three"]);
  expect(server.engine.requests.at(-1)).toMatchObject({ messages: [{ content: "a" }], options: { seed: 4 } });
});

test("stopping stops the engine and keeps what was written", async () => {
  const server = await createTestApp({ replies: ["word ".repeat(1000)], delayMs: 2 });
  const { answer } = await server.say(await server.begin(), "hi");
  const following = server.follow(answer);
  await until(() => (server.answers.find(answer.id)?.text.length ?? 0) > 10);
  const path = `/api/conversations/${answer.conversationId}/messages/${answer.id}/stop`;
  const response = await server.send("POST", path);
  expect(response.status).toBe(200);
  const { message } = stopResponseSchema.parse(await response.json());
  expect(server.engine.running).toBe(0);
  expect(message).toMatchObject({ status: "stopped", endReason: "aborted" });
  expect(textOf(message)).toMatch(/^word word/);
  const events = await following;
  expect(events.at(-1)?.data).toMatchObject({ type: "message-end", status: "stopped", reason: "aborted" });
  expect(applyEvents(events)).toBe(textOf(message));
  expect(stopResponseSchema.parse(await (await server.send("POST", path)).json()).message).toEqual(message);
});

test("two tabs follow one answer, and a third that comes late, to the same text", async () => {
  const server = await createTestApp({ replies: ["one two three four five six"], delayMs: 5 });
  const { answer } = await server.say(await server.begin(), "hi");
  const early = [server.follow(answer), server.follow(answer)];
  await until(() => (server.answers.find(answer.id)?.text.length ?? 0) > 8);
  const tabs = [...(await Promise.all(early)), await server.follow(answer)];
  expect(tabs.map((events) => applyEvents(events))).toEqual(Array(3).fill("one two three four five six"));
  expect(server.engine.requests).toHaveLength(1);
});

test("a reader that comes back with an event's id gets what follows it, once", async () => {
  const server = await createTestApp({ replies: ["one two three 四 five six"], delayMs: 5 });
  const { answer } = await server.say(await server.begin(), "hi");
  const response = await server.get(eventsPath(answer));
  const reader = response.body!.getReader();
  let seen = "";
  while (!seen.includes("two")) seen += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  expect(server.engine.running).toBe(1);

  const before = await readEvents(new Response(seen));
  const had = applyEvents(before);
  const lastId = before.findLast(({ id }) => id !== undefined)?.id ?? "";
  expect(Number(lastId)).toBe(had.length);
  const after = await server.follow(answer, { "last-event-id": lastId });
  expect(applyEvents(after, had)).toBe("one two three 四 five six");
  // Once it has ended, the database tells the same.
  const replayed = await server.get(`${eventsPath(answer)}?after=${lastId}`);
  expect(applyEvents(await readEvents(replayed), had)).toBe("one two three 四 five six");
  expect((await server.get(eventsPath(answer), { "last-event-id": "end" })).status).toBe(204);
  expect(server.engine.requests).toHaveLength(1);
});

test("a reader that leaves does not stop the answer", async () => {
  const server = await createTestApp({ replies: ["one two three"], delayMs: 5 });
  const { answer } = await server.say(await server.begin(), "hi");
  const reader = (await server.get(eventsPath(answer))).body!.getReader();
  await reader.read();
  await reader.cancel();
  await until(() => server.answers.count === 0);
  expect(textOf((await readTree(server, answer.conversationId)).messages[1])).toBe("one two three");
});

test("a reload in the middle sees the text so far", async () => {
  const server = await createTestApp({ replies: ["word ".repeat(200)], delayMs: 2 });
  const { answer } = await server.say(await server.begin(), "hi");
  await until(() => (server.answers.find(answer.id)?.text.length ?? 0) > 10);
  const [, message] = (await readTree(server, answer.conversationId)).messages;
  expect(message?.status).toBe("streaming");
  expect(textOf(message)).toMatch(/^word word/);
  await server.answers.close(0);
});

test("the text goes to the database while it is written", async () => {
  const server = await createTestApp({ replies: ["word ".repeat(200)], delayMs: 2 }, { runner: { saveEveryMs: 5 } });
  const { answer } = await server.say(await server.begin(), "hi");
  await until(() => (server.answers.find(answer.id)?.text.length ?? 0) > 100);
  const row = await server.database.selectFrom("messages").selectAll().where("id", "=", answer.id).executeTakeFirst();
  expect(row?.status).toBe("streaming");
  expect(row?.parts).toContain("word word");
  await server.answers.close(0);
});

test("a request that is sent again starts nothing and gives the same rows", async () => {
  const server = await createTestApp({ delayMs: 1 });
  const id = await server.begin();
  const path = `/api/conversations/${id}/messages`;
  const request = { parentId: null, parts: text("hi"), requestId: "click-0001" };
  const responses = await Promise.all([1, 2, 3].map(() => server.send("POST", path, request)));
  const sent = await Promise.all(
    responses.map(async (response) => sendMessageResponseSchema.parse(await response.json())),
  );
  expect(new Set(sent.map(({ answer }) => answer.id)).size).toBe(1);
  await server.follow(sent[0]!.answer);
  const again = sendMessageResponseSchema.parse(await (await server.send("POST", path, request)).json());
  expect(again.answer).toMatchObject({ id: sent[0]!.answer.id, status: "complete" });

  const regenerate = `${path}/${again.answer.id}/regenerate`;
  const twice = [1, 2].map(() => server.send("POST", regenerate, { requestId: "click-0002" }));
  expect((await Promise.all(twice)).map(({ status }) => status)).toEqual([201, 201]);
  expect((await readTree(server, id)).messages).toHaveLength(3);
  expect(server.engine.requests).toHaveLength(2);
  expect(server.answers.count).toBeLessThanOrEqual(1);

  const other = await server.send("POST", `/api/conversations/${await server.begin()}/messages`, request);
  expect([other.status, apiErrorSchema.parse(await other.json()).error.code]).toEqual([409, "conflict"]);
});

test("two tabs that answer the same message make two branches, and nothing is lost", async () => {
  const server = await createTestApp({ replies: (messages) => `to ${messages.at(-1)?.content}`, delayMs: 1 });
  const id = await server.begin();
  const first = await server.say(id, "start");
  await server.follow(first.answer);
  const said = await Promise.all(["left", "right"].map((words) => server.say(id, words, first.answer.id)));
  await Promise.all(said.map(({ answer }) => server.follow(answer)));
  const { messages } = await readTree(server, id);
  expect(
    messages
      .filter(({ parentId }) => parentId === first.answer.id)
      .map(textOf)
      .sort(),
  ).toEqual(["left", "right"]);
  for (const { userMessage, answer } of said) {
    expect(textOf(messages.find((message) => message.id === answer.id))).toBe(`to ${textOf(userMessage)}`);
  }
});

test("readers are told how many are before them, and when it is their turn", async () => {
  const server = await createTestApp({ replies: ["one two three"], delayMs: 5 });
  const id = await server.begin();
  await server.say(id, "first");
  const { answer } = await server.say(id, "second");
  const events = (await server.follow(answer)).map(({ data }) => chatEventSchema.parse(data));
  expect(events.filter(({ type }) => type === "queued")).toMatchObject([{ ahead: 1 }, { ahead: 0 }]);
});

test("an engine that fails ends the answer with an error, keeps its text, and shows nothing of the inside", async () => {
  const server = await createTestApp({ replies: [{ pieces: ["half"], error: new Error("wires melted") }] });
  const { answer } = await server.say(await server.begin(), "hi");
  const events = await server.follow(answer);
  expect(events.at(-1)?.data).toMatchObject({ type: "error", code: "internal" });
  expect(applyEvents(events)).toBe("half");
  const [, message] = (await readTree(server, answer.conversationId)).messages;
  expect(message).toMatchObject({ status: "failed", error: { code: "internal" }, parts: text("half") });
  expect(JSON.stringify(message)).not.toContain("wires");
  expect(await server.follow(answer)).toMatchObject([{}, { data: { text: "half" } }, { data: { type: "error" } }]);
});

test("an answer beyond the deadline fails and says so", async () => {
  const server = await createTestApp({ replies: ["word ".repeat(500)], delayMs: 2 }, { runner: { deadlineMs: 20 } });
  const { answer } = await server.say(await server.begin(), "hi");
  expect((await server.follow(answer)).at(-1)?.data).toMatchObject({ type: "error", code: "timeout" });
  expect(server.engine.running).toBe(0);
});

test("a message after a stopped, empty answer does not show the model an empty turn", async () => {
  const server = await createTestApp({ replies: [{ pieces: [] }, "fine"] });
  const id = await server.begin();
  const first = await server.say(id, "a");
  await server.follow(first.answer);
  await server.follow((await server.say(id, "b", first.answer.id)).answer);
  expect(server.engine.requests[1]?.messages.map(({ content }) => content)).toEqual(["a", "b"]);
});

test("more answers at once than the server has room for are refused before anything is written", async () => {
  const server = await createTestApp({ delayMs: 20 }, { runner: { limit: 1 } });
  const id = await server.begin();
  await server.say(id, "first");
  const response = await server.send("POST", `/api/conversations/${id}/messages`, { parentId: null, parts: text("x") });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "5"]);
  expect((await readTree(server, id)).messages).toHaveLength(2);
});

test("deleting a conversation stops its answers", async () => {
  const server = await createTestApp({ replies: ["word ".repeat(1000)], delayMs: 2 });
  const id = await server.begin();
  await server.say(id, "hi");
  await until(() => server.engine.running === 1);
  expect((await server.send("DELETE", `/api/conversations/${id}`)).status).toBe(204);
  expect([server.engine.running, server.answers.count]).toEqual([0, 0]);
  expect(await server.database.selectFrom("messages").selectAll().execute()).toEqual([]);
});

test("a database that fails in the middle ends the answer and the engine", async () => {
  const server = await createTestApp({ replies: ["word ".repeat(1000)], delayMs: 2 }, { runner: { saveEveryMs: 5 } });
  const { answer } = await server.say(await server.begin(), "hi");
  const response = await server.get(eventsPath(answer));
  await server.database.destroy();
  expect((await readEvents(response)).at(-1)?.data).toMatchObject({ type: "error" });
  expect([server.engine.running, server.answers.count]).toEqual([0, 0]);
});

test.each([
  ["no parts", { parts: [] }, "parts"],
  ["blanks alone", { parts: text(" \n ") }, "parts"],
  ["an unknown kind of part", { parts: [{ type: "image", url: "http://evil.example" }] }, "parts.0.type"],
  ["a part with a field too many", { parts: [{ type: "text", text: "x", role: "system" }] }, "parts.0.role"],
  ["half a character", { parts: text("\ud800") }, "parts.0.text"],
  ["NUL", { parts: text("a\0") }, "parts.0.text"],
  ["33 parts", { parts: Array(33).fill(text("x")[0]) }, "parts"],
  ["a text of 500,000 characters", { parts: text("x".repeat(500_000)) }, "parts.0.text"],
  ["a number for a text", { parts: [{ type: "text", text: 1 }] }, "parts.0.text"],
  ["a role of its own", { role: "system" }, "role"],
  ["a path for a parent", { parentId: "../../etc/passwd" }, "parentId"],
  ["a temperature of 9", { options: { temperature: 9 } }, "options.temperature"],
  ["a seed below 0", { options: { seed: -1 } }, "options.seed"],
  ["a short requestId", { requestId: "x" }, "requestId"],
])("a message with %s is refused, and nothing is written", async (_name, change, field) => {
  const server = await createTestApp();
  const id = await server.begin();
  const response = await server.send("POST", `/api/conversations/${id}/messages`, {
    parentId: null,
    parts: text("hi"),
    ...change,
  });
  expect(response.status).toBe(400);
  const { error } = apiErrorSchema.parse(await response.json());
  expect(error.message.startsWith(`${field}: found `)).toBe(true);
  expect(error.message.length).toBeLessThan(400);
  expect((await readTree(server, id)).messages).toEqual([]);
});

test("a message can answer an answer that has ended, of the same conversation, and nothing else", async () => {
  const server = await createTestApp({ delayMs: 10 });
  const id = await server.begin();
  const { userMessage, answer } = await server.say(id, "hi");
  const tell = async (conversationId: string, parentId: string) => {
    const request = { parentId, parts: text("x") };
    return (await server.send("POST", `/api/conversations/${conversationId}/messages`, request)).status;
  };
  expect(await tell(id, userMessage.id)).toBe(400);
  expect(await tell(id, answer.id)).toBe(409);
  await server.follow(answer);
  expect(await tell(await server.begin(), answer.id)).toBe(404);
  expect(await tell(id, answer.id)).toBe(201);
});

test("the events of a user's message are refused, and so is an id that is none", async () => {
  const server = await createTestApp();
  const { userMessage, answer } = await server.say(await server.begin(), "hi");
  expect((await server.get(eventsPath(userMessage))).status).toBe(400);
  expect((await server.get(`${eventsPath(answer)}?after=-1`)).status).toBe(400);
  expect((await server.get(`${eventsPath(answer)}?after=1e9`)).status).toBe(400);
  // A header is not ours to refuse: whatever a proxy makes of it, the reader gets everything.
  expect(applyEvents(await server.follow(answer, { "last-event-id": "nonsense" }))).toBe("Hello from the bird.");
});

test("hostile texts are kept as they are", async () => {
  const server = await createTestApp({ replies: (messages) => messages.at(-1)?.content ?? "" });
  const hostile =
    "<script>alert(1)</script> \u202e'; drop table messages; -- \u200d👩‍👩‍👧 e\u0301 \r\n data: x\n\nid: end";
  const { answer } = await server.say(await server.begin(), hostile);
  expect(applyEvents(await server.follow(answer))).toBe(hostile);
  expect((await readTree(server, answer.conversationId)).messages.map(textOf)).toEqual([hostile, hostile]);
});
