/** A whole server in memory for tests: scripted engine, database without a file, no port. */

import { createScriptedEngine, type ScriptedEngine, type ScriptedEngineOptions } from "@myna/inference/testing";
import type { ConversationResponse, Message, SendMessageResponse } from "@myna/protocol";
import { type AnswerRunner, type AnswerRunnerOptions, createAnswerRunner } from "../answers/answer-runner.ts";
import { openSqlite } from "../database/open-database.ts";
import { ensureLocalOwner } from "../database/owners.ts";
import type { Database } from "../database/tables.ts";
import { type App, createApp } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { loopbackHosts } from "../http/guard.ts";
import type { LogEntry } from "../log.ts";

export interface TestApp {
  readonly app: App;
  readonly engine: ScriptedEngine;
  readonly database: Database;
  readonly answers: AnswerRunner;
  readonly ownerId: string;
  readonly logged: readonly LogEntry[];
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Any method with a JSON body; a text is sent as it is. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Id of a new conversation. */
  begin(): Promise<string>;
  say(conversationId: string, text: string, parentId?: string | null): Promise<SendMessageResponse>;
  /** The events of an answer, to its end. */
  follow(message: Message, headers?: Record<string, string>): Promise<ReceivedEvent[]>;
}

export async function createTestApp(
  engineOptions: Partial<ScriptedEngineOptions> = {},
  options: Partial<AppDependencies> & { runner?: Partial<AnswerRunnerOptions> } = {},
): Promise<TestApp> {
  const engine = createScriptedEngine({ replies: ["Hello from the bird."], ...engineOptions });
  const database = options.database ?? (await openSqlite(":memory:"));
  const ownerId = await ensureLocalOwner(database);
  const logged: LogEntry[] = [];
  const log = (entry: LogEntry) => void logged.push(entry);
  const answers = createAnswerRunner({ engine: options.engine ?? engine, database, log, ...options.runner });
  const app = createApp({
    engine,
    database,
    answers,
    ownerId,
    log,
    version: "0.0.0",
    allowedHosts: loopbackHosts,
    isClosing: () => false,
    ...options,
  });
  const get: TestApp["get"] = async (path, headers = {}) =>
    app.fetch(new Request(`http://localhost:3000${path}`, { headers }));
  const send: TestApp["send"] = async (method, path, body, headers = {}) =>
    app.fetch(
      new Request(`http://localhost:3000${path}`, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
  return {
    app,
    engine,
    database,
    answers,
    ownerId,
    logged,
    get,
    send,
    async begin() {
      const response = await send("POST", "/api/conversations", {});
      return ((await response.json()) as ConversationResponse).conversation.id;
    },
    async say(conversationId, text, parentId = null) {
      const request = { parentId, parts: [{ type: "text", text }] };
      const response = await send("POST", `/api/conversations/${conversationId}/messages`, request);
      if (response.status !== 201) throw new Error(`refused with ${response.status}: ${await response.text()}`);
      return (await response.json()) as SendMessageResponse;
    },
    async follow(message, headers = {}) {
      return readEvents(await get(eventsPath(message), headers));
    },
  };
}

export function eventsPath({ conversationId, id }: Message): string {
  return `/api/conversations/${conversationId}/messages/${id}/events`;
}

export interface ReceivedEvent {
  readonly id: string | undefined;
  /** Parsed, or the text itself for "[DONE]". */
  readonly data: unknown;
}

/** Reads server-sent events to the end of the stream; comments are left out. */
export async function readEvents(response: Response): Promise<ReceivedEvent[]> {
  return (await response.text())
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const data = field("data") ?? "";
      return { id: field("id"), data: data === "[DONE]" ? data : (JSON.parse(data) as unknown) };
    });
}

/** The text that a reader has after these events, beginning with what it had. */
export function applyEvents(events: readonly ReceivedEvent[], before = ""): string {
  return events.reduce((text, { data }) => {
    const event = data as { type: string; offset: number; text: string };
    return event.type === "text-delta" ? text.slice(0, event.offset) + event.text : text;
  }, before);
}

/** Waits until something holds, looking every few milliseconds. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error("internal: what the test waits for did not happen in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
