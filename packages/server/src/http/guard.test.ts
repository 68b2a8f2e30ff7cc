import { apiErrorSchema, openAiErrorSchema } from "@myna/protocol";
import { expect, test } from "vitest";
import { createTestApp } from "../testing/test-app.ts";

const chat = { model: "scripted", messages: [{ role: "user", content: "hi" }] };

async function codeOf(response: Response): Promise<string> {
  return apiErrorSchema.parse(await response.json()).error.code;
}

test.each(["localhost", "localhost:3000", "127.0.0.1:8080", "[::1]:3000", "LOCALHOST"])(
  "a request to %s is answered",
  async (host) => {
    const { get } = await createTestApp();
    expect((await get("/health", { host })).status).toBe(200);
  },
);

test.each([
  "evil.example",
  "localhost.evil.example",
  "127.0.0.1.nip.io",
  "",
  "localhost@evil.example",
  "192.168.0.7:3000",
])("a request under the name %j is refused with 403 and a readable reason", async (host) => {
  const { get, engine } = await createTestApp();
  const response = await get("/v1/models", { host });
  expect(response.status).toBe(403);
  const { error } = openAiErrorSchema.parse(await response.json());
  expect(error.message).toContain("expected localhost, 127.0.0.1, [::1]. To fix: open the page under");
  expect(engine.requests).toEqual([]);
});

test.each(["https://evil.example", "null", "http://localhost.evil.example", "file://", "http://localhost/path"])(
  "a web page from %j may not speak to the server",
  async (origin) => {
    const { send, engine } = await createTestApp();
    const response = await send("POST", "/v1/chat/completions", chat, { origin });
    expect(response.status).toBe(403);
    expect(engine.requests).toEqual([]);
    expect(await codeOf(await send("POST", "/api/conversations", {}, { origin }))).toBe("forbidden_origin");
  },
);

test("the server's own page may speak to it", async () => {
  const { send } = await createTestApp();
  const response = await send("POST", "/api/conversations", {}, { origin: "http://localhost:3000" });
  expect(response.status).toBe(201);
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
});

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp"])(
  "a body of type %s is refused with 415",
  async (type) => {
    const { send } = await createTestApp();
    for (const path of ["/v1/chat/completions", "/api/conversations"]) {
      expect((await send("POST", path, chat, { "content-type": type })).status).toBe(415);
    }
  },
);

test("a body of 2 MB is refused with 413 before it is parsed, whether it says its length or not", async () => {
  const { app, send } = await createTestApp();
  const body = JSON.stringify({ ...chat, messages: [{ role: "user", content: "x".repeat(2_000_000) }] });
  expect((await send("POST", "/v1/chat/completions", body)).status).toBe(413);
  const stream = new Blob([body]).stream();
  const request = new Request("http://localhost/api/conversations", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: stream,
    duplex: "half",
  } as RequestInit);
  const response = await app.fetch(request);
  expect(response.status).toBe(413);
  expect(await codeOf(response)).toBe("body_too_large");
});

test.each(["", "{", "not json", "\u0000", '{"a":1}}', "[".repeat(100_000)])(
  "a body of %j is refused as no JSON",
  async (body) => {
    const { send } = await createTestApp();
    const response = await send("POST", "/api/conversations", body);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("invalid_json");
  },
);

test.each(["null", "[]", '"text"', "1", "true", `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`])(
  "JSON that is no object of ours is refused (%#)",
  async (body) => {
    const { send } = await createTestApp();
    const response = await send("POST", "/api/conversations", body);
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe("invalid_request");
  },
);

test("an unknown address is 404, a wrong method 405 with those that exist", async () => {
  const { get, send } = await createTestApp();
  expect((await get("/api/nothing")).status).toBe(404);
  expect(openAiErrorSchema.parse(await (await get("/v1/nothing")).json()).error.code).toBe("not_found");
  const cases = [
    ["DELETE", "/health", "GET, HEAD"],
    ["GET", "/v1/chat/completions", "POST"],
    ["PUT", "/api/conversations", "GET, POST, HEAD"],
    ["OPTIONS", "/api/settings", "GET, PATCH, HEAD"],
    ["GET", "/api/conversations/conv_0000000000000000000000/messages/msg_0000000000000000000000/stop", "POST"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await send(method, path, method === "GET" ? undefined : {});
    expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, allow]);
  }
});

test("every answer carries security headers and an id, errors too", async () => {
  const { get, app } = await createTestApp();
  const unsafe = await app.fetch(new Request("http://evil.example/"));
  for (const response of [await get("/health"), await get("/nothing"), unsafe]) {
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("x-request-id")).toMatch(/^req_[0-9A-Za-z]{22}$/);
    expect(response.headers.get("cache-control")).toBe("no-store");
  }
});

test("the log has routes and states, and no text of anybody", async () => {
  const { send, get, begin, say, follow, logged } = await createTestApp({ replies: ["a secret answer"] });
  await send("POST", "/v1/chat/completions", { ...chat, messages: [{ role: "user", content: "my secret" }] });
  await send("POST", "/v1/chat/completions", { ...chat, messages: "my secret" });
  await get("/my-secret?of=secret");
  await follow((await say(await begin(), "my secret")).answer);
  expect(logged.filter(({ event }) => event === "request").map(({ route, status }) => `${status} ${route}`)).toEqual([
    "200 /v1/chat/completions",
    "400 /v1/chat/completions",
    "404 /*",
    "201 /api/conversations",
    "201 /api/conversations/:conversationId/messages",
    "200 /api/conversations/:conversationId/messages/:messageId/events",
  ]);
  expect(JSON.stringify(logged)).not.toContain("secret");
});

test("a fault of ours shows nothing of the inside, and the log has it under the same id", async () => {
  const { get, logged, database } = await createTestApp();
  await database.destroy();
  const response = await get("/api/settings");
  expect(response.status).toBe(500);
  const { error } = apiErrorSchema.parse(await response.json());
  expect(error.code).toBe("internal");
  expect(error.message).not.toContain("driver");
  expect(logged.find(({ event }) => event === "error")).toMatchObject({ requestId: error.requestId });
});
