import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createScriptedEngine, type ScriptedEngineOptions } from "@myna/inference/testing";
import { conversationTreeSchema, healthSchema, type SendMessageResponse } from "@myna/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isLoopback, type RunningServer, type ServerOptions, startServer } from "./start-server.ts";
import { eventsPath, readEvents, until } from "./testing/test-app.ts";

let home: string;
const running: RunningServer[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "myna-server-"));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
  rmSync(home, { recursive: true, force: true });
});

async function start(engineOptions: Partial<ScriptedEngineOptions> = {}, options: Partial<ServerOptions> = {}) {
  const engine = createScriptedEngine({ replies: ["Hello from the bird."], ...engineOptions });
  const server = await startServer({ host: "127.0.0.1", port: 0, home, engine, graceMs: 200, ...options });
  running.push(server);
  const send = (method: string, path: string, body: unknown, signal?: AbortSignal) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  const say = async (words: string): Promise<SendMessageResponse> => {
    const begun = (await (await send("POST", "/api/conversations", {})).json()) as { conversation: { id: string } };
    const request = { parentId: null, parts: [{ type: "text", text: words }] };
    const response = await send("POST", `/api/conversations/${begun.conversation.id}/messages`, request);
    return (await response.json()) as SendMessageResponse;
  };
  return { server, engine, send, say };
}

const chat = { model: "scripted", messages: [{ role: "user", content: "hi" }] };
const longReply = { replies: ["word ".repeat(5_000)], delayMs: 2 };

test("a started server answers on its port and says so on /health", async () => {
  const { server, send } = await start();
  const health = healthSchema.parse(await (await fetch(`${server.url}/health`)).json());
  expect(health).toMatchObject({ status: "ok", model: "scripted", runningAnswers: 0 });
  expect((await send("POST", "/v1/chat/completions", chat)).status).toBe(200);
});

test("an answer streams over a socket, and its events can be read there", async () => {
  const { server, send, say } = await start({ delayMs: 1 });
  const events = await readEvents(await send("POST", "/v1/chat/completions", { ...chat, stream: true }));
  expect(events.at(-1)?.data).toBe("[DONE]");
  const { answer } = await say("hi");
  const followed = await readEvents(await fetch(`${server.url}${eventsPath(answer)}`));
  expect(followed.at(-1)?.data).toMatchObject({ type: "message-end", status: "complete" });
});

test.each([true, false])("a client that closes its socket stops the engine (stream: %s)", async (stream) => {
  const { engine, send } = await start(longReply);
  const leave = new AbortController();
  const response = send("POST", "/v1/chat/completions", { ...chat, stream }, leave.signal);
  const outcome = response.then(
    () => "answered",
    () => "cut",
  );
  if (stream) await (await response).body!.getReader().read();
  await until(() => engine.running === 1);
  leave.abort();
  await until(() => engine.running === 0);
  expect(await outcome).toBe(stream ? "answered" : "cut");
});

test("an address that others can reach is refused, or allowed with a warning", async () => {
  await expect(start({}, { host: "0.0.0.0" })).rejects.toThrow(
    "address 0.0.0.0: found an address that others can reach; expected a loopback address",
  );
  const { server } = await start({}, { host: "0.0.0.0", isRemoteAllowed: true });
  expect(server.warnings).toEqual([expect.stringContaining("0.0.0.0 can be reached by others")]);
  expect(server.url).toMatch(/^http:\/\/localhost:\d+$/);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.2", false],
  ["127.evil.example", false],
])("%s is loopback: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test("a taken port is named, and the data directory is free again", async () => {
  const { server } = await start();
  const port = Number(new URL(server.url).port);
  const other = join(home, "other");
  await expect(start({}, { port, home: other })).rejects.toThrow(
    `port ${port} on 127.0.0.1: found another program listening there`,
  );
  await start({}, { home: other });
});

test("an engine that cannot be made leaves nothing behind", async () => {
  const engine = () => Promise.reject(new Error("no model"));
  await expect(start({}, { engine })).rejects.toThrow("no model");
  await start();
});

test("an engine that the server made is closed with it, another is its owner's", async () => {
  const made = createScriptedEngine({ replies: ["x"] });
  const { server } = await start({}, { engine: async () => made });
  await server.close();
  expect(made.isClosed).toBe(true);
  const { server: other, engine } = await start();
  await other.close();
  expect(engine.isClosed).toBe(false);
});

test("closing lets answers finish, and then nothing is accepted", async () => {
  const { server, send, say } = await start(
    { replies: ["one two three four"], delayMs: 20, slots: 2 },
    { graceMs: 5_000 },
  );
  const stream = await send("POST", "/v1/chat/completions", { ...chat, stream: true });
  const { answer } = await say("hi");
  const closing = server.close();
  const events = await readEvents(stream);
  await closing;
  expect(events.at(-1)?.data).toBe("[DONE]");
  await expect(fetch(`${server.url}/health`)).rejects.toThrow();
  const again = await start();
  const followed = await readEvents(await fetch(`${again.server.url}${eventsPath(answer)}`));
  expect(followed.at(-1)?.data).toMatchObject({ type: "message-end", status: "complete" });
});

test("closing cuts answers that take too long, and their rows say so", async () => {
  const { server, say, engine } = await start(longReply, { graceMs: 30 });
  const { answer } = await say("hi");
  await until(() => engine.running === 1);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await server.close();
  expect(engine.running).toBe(0);
  const again = await start();
  const path = `/api/conversations/${answer.conversationId}`;
  const { messages } = conversationTreeSchema.parse(await (await fetch(`${again.server.url}${path}`)).json());
  expect(messages[1]).toMatchObject({ status: "interrupted", endReason: null });
  expect(messages[1]?.parts[0]?.text).toMatch(/^word /);
});

test("a server that is killed loses no message, doubles none, and says which answer was cut", async () => {
  for (const delayMs of [0, 30, 700]) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "testing", "crash-server.ts"), home]);
    try {
      const url = await new Promise<string>((resolve, reject) => {
        child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
        child.once("exit", (code) => reject(new Error(`internal: the server ended with ${code}`)));
      });
      const post = (path: string, body: unknown) =>
        fetch(`${url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
      const begun = (await (await post("/api/conversations", { title: `killed after ${delayMs}` })).json()) as {
        conversation: { id: string };
      };
      const request = { parentId: null, parts: [{ type: "text", text: "hi" }] };
      await post(`/api/conversations/${begun.conversation.id}/messages`, request);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const isDead = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await isDead;

      const { server } = await start();
      const response = await fetch(`${server.url}/api/conversations/${begun.conversation.id}`);
      const { messages } = conversationTreeSchema.parse(await response.json());
      expect(messages.map(({ role, status }) => [role, status])).toEqual([
        ["user", "complete"],
        ["assistant", "interrupted"],
      ]);
      if (delayMs > 600) expect(messages[1]?.parts[0]?.text).toMatch(/^word /);
      await server.close();
    } finally {
      child.kill("SIGKILL");
    }
  }
});

/** Sends bytes as they are and collects what comes back until the server closes. */
function speak(url: string, bytes: string): Promise<string> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(bytes));
    let heard = "";
    socket.setTimeout(3_000, () => socket.destroy());
    socket.on("data", (data) => {
      heard += data.toString();
      if (heard.includes("\r\n\r\n")) socket.end();
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
  });
}

test.each([
  ["no HTTP", "hello\r\n\r\n", /^HTTP\/1.1 400/],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1.1 400/],
  ["a foreign Host", "GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", /^HTTP\/1.1 403/],
  ["two Hosts", "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", /^HTTP\/1.1 (400|403)/],
  ["a Host that is no name", "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", /^HTTP\/1.1 (400|403)/],
  [
    "an address with another host",
    "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    /^HTTP\/1.1 (400|403|404)/,
  ],
  ["a path out of the page", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1.1 404/],
  [
    "two lengths",
    "POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    /^HTTP\/1.1 400/,
  ],
  [
    "a length of 2 MB",
    "POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n",
    /^HTTP\/1.1 413/,
  ],
])("raw HTTP with %s is refused, and the server lives", async (_name, bytes, expected) => {
  const { server } = await start();
  expect(await speak(server.url, bytes)).toMatch(expected);
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});
