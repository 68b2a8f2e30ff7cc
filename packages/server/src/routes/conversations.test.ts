import {
  apiErrorSchema,
  type ConversationTree,
  conversationResponseSchema,
  conversationTreeSchema,
  listConversationsResponseSchema,
  settingsSchema,
} from "@myna/protocol";
import { expect, test } from "vitest";
import { createConversation } from "../database/conversations.ts";
import { createTestApp, type TestApp } from "../testing/test-app.ts";

const unknownId = "conv_0000000000000000000000";

async function readTree({ get }: TestApp, id: string): Promise<ConversationTree> {
  return conversationTreeSchema.parse(await (await get(`/api/conversations/${id}`)).json());
}

test("a conversation is begun, read, renamed and deleted", async () => {
  const server = await createTestApp();
  const response = await server.send("POST", "/api/conversations", { systemPrompt: "Be a bird." });
  expect(response.status).toBe(201);
  const { conversation } = conversationResponseSchema.parse(await response.json());
  expect(conversation).toMatchObject({ title: null, systemPrompt: "Be a bird." });
  expect(await readTree(server, conversation.id)).toEqual({ conversation, messages: [] });

  const renamed = await server.send("PATCH", `/api/conversations/${conversation.id}`, { title: "Birds 鸟" });
  expect(conversationResponseSchema.parse(await renamed.json()).conversation.title).toBe("Birds 鸟");
  expect((await server.send("DELETE", `/api/conversations/${conversation.id}`)).status).toBe(204);
  expect((await server.get(`/api/conversations/${conversation.id}`)).status).toBe(404);
  expect((await server.send("DELETE", `/api/conversations/${conversation.id}`)).status).toBe(404);
});

test("the list has the latest change first, page by page, each conversation once", async () => {
  const server = await createTestApp();
  const ids: string[] = [];
  // Some at the same millisecond, as a fast import would have them.
  for (let index = 0; index < 25; index++) {
    const values = { title: `${index}`, systemPrompt: null };
    ids.push((await createConversation(server.database, server.ownerId, values, 1000 + (index >> 2))).id);
  }
  const seen: { id: string; updatedAt: number }[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = listConversationsResponseSchema.parse(
      await (await server.get(`/api/conversations?limit=7${query}`)).json(),
    );
    seen.push(...page.conversations);
    cursor = page.nextCursor;
  }
  expect(seen.map(({ id }) => id).sort()).toEqual([...ids].sort());
  expect(seen.map(({ updatedAt }) => updatedAt)).toEqual(seen.map(({ updatedAt }) => updatedAt).sort((a, b) => b - a));
});

test("a message moves its conversation to the top", async () => {
  const server = await createTestApp();
  const first = await createConversation(server.database, server.ownerId, { title: "a", systemPrompt: null }, 1);
  await createConversation(server.database, server.ownerId, { title: "b", systemPrompt: null }, 2);
  await server.say(first.id, "hello");
  const page = listConversationsResponseSchema.parse(await (await server.get("/api/conversations")).json());
  expect(page.conversations.map(({ title }) => title)).toEqual(["a", "b"]);
});

test.each([
  ["?limit=0"],
  ["?limit=201"],
  ["?limit=ten"],
  ["?cursor=nonsense"],
  ["?cursor=1.conv_'%20or%201=1"],
  ["?order=asc"],
])("the list refuses %s", async (query) => {
  const { get } = await createTestApp();
  const response = await get(`/api/conversations${query}`);
  expect(response.status).toBe(400);
  expect(apiErrorSchema.parse(await response.json()).error.code).toBe("invalid_request");
});

test.each([
  ["a number as title", { title: 1 }, "title: found 1; expected string"],
  ["a blank title", { title: " " }, 'title: found " "; expected it to hold something other than blanks'],
  ["a title of 201 characters", { title: "x".repeat(201) }, "title: found a text of 201 characters"],
  [
    "NUL in a title",
    { title: "a\0" },
    "expected it to hold no NUL character (U+0000), which no database stores. To fix: remove it",
  ],
  ["half a character", { title: "\udc00" }, "lone surrogate"],
  ["an unknown field", { name: "x" }, "name: found a field that does not exist"],
])("a conversation with %s is refused", async (_name, body, words) => {
  const { send, begin } = await createTestApp();
  const id = await begin();
  for (const response of [
    await send("POST", "/api/conversations", body),
    await send("PATCH", `/api/conversations/${id}`, body),
  ]) {
    expect(response.status).toBe(400);
    expect(apiErrorSchema.parse(await response.json()).error.message).toContain(words);
  }
});

test("a change of nothing is refused", async () => {
  const { send, begin } = await createTestApp();
  expect((await send("PATCH", `/api/conversations/${await begin()}`, {})).status).toBe(400);
});

test.each(["x", "conv_", "..%2f..%2fetc%2fpasswd", "conv_000000000000000000000%00", "msg_0000000000000000000000"])(
  "%s is no id of a conversation",
  async (id) => {
    const { get } = await createTestApp();
    expect((await get(`/api/conversations/${id}`)).status).toBe(400);
  },
);

test("an unknown id is 404 on every verb", async () => {
  const { get, send } = await createTestApp();
  const path = `/api/conversations/${unknownId}`;
  const message = `${path}/messages/msg_0000000000000000000000`;
  const say = { parentId: null, parts: [{ type: "text", text: "hi" }] };
  const responses = [
    await get(path),
    await send("PATCH", path, { title: "x" }),
    await send("DELETE", path),
    await send("POST", `${path}/messages`, say),
    await send("POST", `${message}/regenerate`, {}),
    await send("POST", `${message}/stop`),
    await get(`${message}/events`),
  ];
  for (const response of responses) {
    expect([response.url, response.status]).toEqual([response.url, 404]);
    expect(apiErrorSchema.parse(await response.json()).error.code).toBe("not_found");
  }
});

test("nobody sees, changes or follows what belongs to another owner", async () => {
  const mine = await createTestApp();
  const id = await mine.begin();
  const { userMessage, answer } = await mine.say(id, "hello");
  await mine.follow(answer);
  const before = await readTree(mine, id);

  await mine.database.insertInto("owners").values({ id: "owner_other", name: "other", created_at: 0 }).execute();
  const other = await createTestApp({}, { database: mine.database, ownerId: "owner_other" });
  const path = `/api/conversations/${id}`;
  const message = `${path}/messages/${answer.id}`;
  const say = { parentId: answer.id, parts: [{ type: "text", text: "hi" }] };
  const responses = [
    await other.get(path),
    await other.send("PATCH", path, { title: "stolen" }),
    await other.send("DELETE", path),
    await other.send("POST", `${path}/messages`, say),
    await other.send("POST", `${message}/regenerate`, {}),
    await other.send("POST", `${path}/messages/${userMessage.id}/regenerate`, {}),
    await other.send("POST", `${message}/stop`),
    await other.get(`${message}/events`),
  ];
  expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 404));
  expect(await (await other.get("/api/conversations")).json()).toEqual({ conversations: [], nextCursor: null });
  expect(await readTree(mine, id)).toEqual(before);
  expect(other.engine.requests).toEqual([]);
});

test("settings start empty, are changed field by field, and reach new conversations and answers", async () => {
  const server = await createTestApp();
  expect(settingsSchema.parse(await (await server.get("/api/settings")).json())).toEqual({
    systemPrompt: null,
    options: {},
  });
  await server.send("PATCH", "/api/settings", { systemPrompt: "Be brief." });
  const changed = await server.send("PATCH", "/api/settings", { options: { temperature: 0.3, topK: 5 } });
  expect(await changed.json()).toEqual({ systemPrompt: "Be brief.", options: { temperature: 0.3, topK: 5 } });

  const id = await server.begin();
  const request = { parentId: null, parts: [{ type: "text", text: "hi" }], options: { temperature: 0, seed: 7 } };
  await server.send("POST", `/api/conversations/${id}/messages`, request);
  await server.answers.close(1000);
  expect(server.engine.requests).toEqual([
    {
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi" },
      ],
      options: { temperature: 0, topK: 5, seed: 7 },
    },
  ]);
  await server.send("PATCH", "/api/settings", { systemPrompt: null, options: {} });
  expect(await (await server.get("/api/settings")).json()).toEqual({ systemPrompt: null, options: {} });
});

test.each([{ options: { temperature: 3 } }, { options: { heat: 1 } }, { systemPrompt: 1 }, { theme: "dark" }, []])(
  "settings refuse %j",
  async (body) => {
    const { send } = await createTestApp();
    expect((await send("PATCH", "/api/settings", body)).status).toBe(400);
  },
);

test("the first words become the title, until somebody chooses another", async () => {
  const server = await createTestApp();
  const id = await server.begin();
  const { answer } = await server.say(id, "  What do birds\neat? ");
  await server.follow(answer);
  expect((await readTree(server, id)).conversation.title).toBe("What do birds eat?");
  await server.send("PATCH", `/api/conversations/${id}`, { title: "Food" });
  await server.say(id, "And drink?", answer.id);
  expect((await readTree(server, id)).conversation.title).toBe("Food");
});
