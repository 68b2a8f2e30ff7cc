import {
  type ChatCompletionChunk,
  chatCompletionChunkSchema,
  chatCompletionSchema,
  openAiErrorSchema,
  openAiModelListSchema,
  openAiModelSchema,
} from "@myna/protocol";
import { expect, test } from "vitest";
import { createTestApp, readEvents, until } from "../testing/test-app.ts";

const path = "/v1/chat/completions";
const chat = { model: "scripted", messages: [{ role: "user", content: "hi" }] };

function chunksOf(events: { data: unknown }[]): ChatCompletionChunk[] {
  return events.filter(({ data }) => data !== "[DONE]").map(({ data }) => chatCompletionChunkSchema.parse(data));
}

test("the models are those of the engine", async () => {
  const { get } = await createTestApp({ model: { id: "bird", contextLength: 512, createdAt: 1_700_000_000_999 } });
  const list = openAiModelListSchema.parse(await (await get("/v1/models")).json());
  expect(list.data).toMatchObject([{ id: "bird", context_length: 512, created: 1_700_000_000 }]);
  expect(openAiModelSchema.parse(await (await get("/v1/models/bird")).json())).toEqual(list.data[0]);
  expect((await get("/v1/models/cat")).status).toBe(404);
});

test("an answer comes whole, with its end and its usage", async () => {
  const { send } = await createTestApp({ replies: ["Hello from the bird."] });
  const response = await send("POST", path, chat);
  expect(response.status).toBe(200);
  const completion = chatCompletionSchema.parse(await response.json());
  expect(completion.choices).toEqual([
    {
      index: 0,
      message: { role: "assistant", content: "Hello from the bird.", refusal: null },
      logprobs: null,
      finish_reason: "stop",
    },
  ]);
  expect(completion.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 });
});

test("a stream has the role first, then the text, one end, and [DONE]", async () => {
  const { send, engine } = await createTestApp({ replies: ["你好 世界"] });
  const response = await send("POST", path, { ...chat, stream: true });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = await readEvents(response);
  expect(events.at(-1)?.data).toBe("[DONE]");
  const chunks = chunksOf(events);
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe("你好 世界");
  expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null, null, "stop"]);
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
  expect(engine.running).toBe(0);
});

test("usage is streamed when asked for, in a last chunk without choices", async () => {
  const { send } = await createTestApp();
  const response = await send("POST", path, { ...chat, stream: true, stream_options: { include_usage: true } });
  const chunks = chunksOf(await readEvents(response));
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 4 } });
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
});

test("every option reaches the engine under its own name", async () => {
  const { send, engine } = await createTestApp();
  const response = await send("POST", path, {
    ...chat,
    max_tokens: 9,
    max_completion_tokens: 7,
    temperature: 0.5,
    top_p: 0.9,
    seed: -1,
    stop: "END",
    logprobs: true,
    top_logprobs: 3,
    logit_bias: { "50": -100 },
    n: 1,
    top_k: 40,
    min_p: 0.05,
    repetition_penalty: 1.1,
    user: "somebody",
    presence_penalty: 0,
    tools: [],
    response_format: { type: "text" },
  });
  expect(response.status).toBe(200);
  expect(engine.requests[0]?.options).toEqual({
    maxTokens: 7,
    temperature: 0.5,
    topP: 0.9,
    seed: Number.MAX_SAFE_INTEGER,
    stop: ["END"],
    logProbabilities: 3,
    logitBias: { "50": -100 },
    topK: 40,
    minP: 0.05,
    repetitionPenalty: 1.1,
  });
});

test("null options and absent ones are the same", async () => {
  const { send, engine } = await createTestApp();
  await send("POST", path, { ...chat, temperature: null, stop: null, n: null, logprobs: null, stream: null });
  expect(engine.requests[0]?.options).toEqual({});
});

test("developer means system, and text parts are one text", async () => {
  const { send, engine } = await createTestApp();
  const parts = [
    { type: "text", text: "one" },
    { type: "text", text: "two" },
  ];
  const messages = [
    { role: "developer", content: "be brief" },
    { role: "user", content: parts },
  ];
  await send("POST", path, { ...chat, messages });
  expect(engine.requests[0]?.messages).toEqual([
    { role: "system", content: "be brief" },
    { role: "user", content: "one\ntwo" },
  ]);
});

test("log-probabilities come with bytes and alternatives, whole and streamed", async () => {
  const { send } = await createTestApp({ replies: ["鸟"] });
  const candidate = { token: "鸟", logprob: -0.5, bytes: [233, 184, 159] };
  const expected = { content: [{ ...candidate, top_logprobs: [candidate] }], refusal: null };
  const request = { ...chat, logprobs: true, top_logprobs: 1 };
  const whole = chatCompletionSchema.parse(await (await send("POST", path, request)).json());
  expect(whole.choices[0]?.logprobs).toEqual(expected);
  const chunks = chunksOf(await readEvents(await send("POST", path, { ...request, stream: true })));
  expect(chunks[1]?.choices[0]?.logprobs).toEqual(expected);
});

test.each([
  ["stop", "stop"],
  ["length", "length"],
  ["context", "length"],
] as const)("an answer that ended with %s finishes with %s", async (reason, finish) => {
  const { send } = await createTestApp({ replies: [{ pieces: ["a"], reason }] });
  const completion = chatCompletionSchema.parse(await (await send("POST", path, chat)).json());
  expect(completion.choices[0]?.finish_reason).toBe(finish);
});

test.each([
  ["n", { n: 2 }, "n", "expected 1, for this server gives one answer at a time"],
  ["another model", { model: "gpt-9" }, "model", 'found "gpt-9"; expected "scripted"'],
  ["tools", { tools: [{ type: "function" }] }, "tools", "expected absent, for it is not supported"],
  ["JSON mode", { response_format: { type: "json_object" } }, "response_format.type", "is not supported"],
  ["a penalty", { presence_penalty: 1 }, "presence_penalty", "use repetition_penalty"],
  ["an unknown field", { temprature: 1 }, "temprature", "found a field that does not exist"],
  ["no messages", { messages: [] }, "messages", "found a list of 0"],
  ["a text for messages", { messages: "hi" }, "messages", 'found "hi"; expected array'],
  ["an unknown role", { messages: [{ role: "tool", content: "x" }] }, "messages.0.role", "leave out tools"],
  [
    "null content",
    { messages: [{ role: "user", content: null }] },
    "messages.0.content",
    "a text or a list of text parts",
  ],
  [
    "an image",
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
    "messages.0.content",
    "leave out images",
  ],
  ["half a character", { messages: [{ role: "user", content: "\ud83d" }] }, "messages.0.content", "lone surrogate"],
  ["NUL", { messages: [{ role: "user", content: "a\0b" }] }, "messages.0.content", "NUL"],
  ["a text temperature", { temperature: "hot" }, "temperature", 'found "hot"; expected number'],
  ["a huge temperature", { temperature: 1e308 }, "temperature", "found 1e+308"],
  ["negative tokens", { max_tokens: -1 }, "max_tokens", "found -1"],
  ["half a token", { max_completion_tokens: 1.5 }, "max_completion_tokens", "found 1.5"],
  ["top_p of 0", { top_p: 0 }, "top_p", "found 0"],
  ["an empty stop", { stop: "" }, "stop", "expected string to have >=1 characters"],
  ["17 stops", { stop: Array(17).fill("x") }, "stop", "found a list of 17"],
  ["a seed beyond whole numbers", { seed: 2 ** 60 }, "seed", "expected int to be <=9007199254740991"],
  ["alternatives alone", { top_logprobs: 2 }, "top_logprobs", "logprobs: true"],
  ["a bias of 101", { logit_bias: { "1": 101 } }, "logit_bias.1", "found 101"],
  ["a bias for a word", { logit_bias: { bird: 1 } }, "logit_bias.bird", "token id"],
])("%s is refused by name", async (_name, change, param, words) => {
  const { send, engine } = await createTestApp();
  const response = await send("POST", path, { ...chat, ...change });
  expect([response.status, engine.requests.length]).toEqual(["model" in change ? 404 : 400, 0]);
  const { error } = openAiErrorSchema.parse(await response.json());
  expect(error).toMatchObject({ type: "invalid_request_error", param });
  expect(error.message).toContain(words);
});

test("an unknown model has OpenAI's code for it", async () => {
  const { send } = await createTestApp();
  const response = await send("POST", path, { ...chat, model: "x" });
  expect(await response.json()).toMatchObject({ error: { code: "model_not_found", param: "model" } });
});

test("an engine that fails in the middle ends a stream with an error and without [DONE]", async () => {
  const { send, logged } = await createTestApp({ replies: [{ pieces: ["a", "b"], error: new Error("wires melted") }] });
  const events = await readEvents(await send("POST", path, { ...chat, stream: true }));
  expect(events.map(({ data }) => data)).not.toContain("[DONE]");
  const { error } = openAiErrorSchema.parse(events.at(-1)?.data);
  expect(error.type).toBe("server_error");
  expect(error.message).not.toContain("wires");
  expect(JSON.stringify(logged)).toContain("wires melted");
  expect((await send("POST", path, chat)).status).toBe(500);
});

test("a full queue is 429 with the time to come back, streamed or not", async () => {
  const { send, engine } = await createTestApp({ delayMs: 20, queueLimit: 0 });
  const first = send("POST", path, chat);
  await until(() => engine.running === 1);
  for (const stream of [true, false]) {
    const response = await send("POST", path, { ...chat, stream });
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(openAiErrorSchema.parse(await response.json()).error.type).toBe("rate_limit_error");
  }
  expect((await first).status).toBe(200);
});

test("a reader that leaves a stream stops the engine", async () => {
  const { send, engine } = await createTestApp({ replies: ["word ".repeat(1000)], delayMs: 2 });
  const response = await send("POST", path, { ...chat, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  expect(engine.running).toBe(1);
  await reader.cancel();
  await until(() => engine.running === 0);
});

test("a client that goes away before a whole answer is there stops the engine", async () => {
  const { app, engine } = await createTestApp({ replies: ["word ".repeat(1000)], delayMs: 2 });
  const leave = new AbortController();
  const request = new Request(`http://localhost${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(chat),
    signal: leave.signal,
  });
  const response = app.fetch(request);
  await until(() => engine.running === 1);
  leave.abort();
  await response;
  expect(engine.running).toBe(0);
});

test("a reader that takes nothing is dropped and its slot freed", async () => {
  const { send, engine } = await createTestApp(
    { replies: ["word ".repeat(1000)] },
    { limits: { stallMs: 20, heartbeatMs: 1000 } },
  );
  const response = await send("POST", path, { ...chat, stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  await until(() => engine.running === 0);
  await expect(reader.read()).rejects.toThrow("took nothing for too long");
});

test("silence is filled with comments, which clients skip", async () => {
  const { send } = await createTestApp(
    { replies: ["one two"], delayMs: 40 },
    { limits: { stallMs: 5000, heartbeatMs: 10 } },
  );
  const text = await (await send("POST", path, { ...chat, stream: true })).text();
  expect(text).toContain(": still here\n\n");
  expect(text.match(/"content":"(one| two)"/g)).toHaveLength(2);
});

test("an answer beyond the deadline is 504, or the last event of its stream", async () => {
  const { send } = await createTestApp(
    { replies: ["word ".repeat(100)], delayMs: 5 },
    { limits: { completionMs: 30 } },
  );
  expect((await send("POST", path, chat)).status).toBe(504);
  const events = await readEvents(await send("POST", path, { ...chat, stream: true }));
  expect(events.at(-1)?.data).toMatchObject({ error: { code: "timeout" } });
});
