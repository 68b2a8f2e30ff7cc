/** From nothing to a server that answers on a port, and back: database, engine, HTTP, and an end that loses nothing. */
import { createServer, type Server } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { getRequestListener } from "@hono/node-server";
import type { ChatEngine } from "@myna/inference";
import manifest from "../package.json" with { type: "json" };
import { createAnswerRunner } from "./answers/answer-runner.ts";
import { markInterrupted } from "./database/append-messages.ts";
import { openHomeDatabase } from "./database/open-database.ts";
import { ensureLocalOwner } from "./database/owners.ts";
import { StartError } from "./errors.ts";
import { createApp } from "./http/app.ts";
import type { Limits } from "./http/environment.ts";
import { loopbackHosts } from "./http/guard.ts";
import type { Log } from "./log.ts";

export interface ServerOptions {
  /** Address to listen on. Anything but loopback needs `isRemoteAllowed`. */
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** Data directory; made if absent, held until the server closes. */
  readonly home: string;
  /** An engine of the caller's, who closes it; or a way to make one, which the server closes. */
  readonly engine: ChatEngine | (() => Promise<ChatEngine>);
  /** Built page; absent: the API alone. */
  readonly webFolder?: string | undefined;
  /** There are no accounts yet, so whoever reaches the server reads and writes everything. Default false. */
  readonly isRemoteAllowed?: boolean;
  readonly log?: Log;
  readonly limits?: Partial<Limits>;
  /** How long `close` lets answers finish. Default 10 s. */
  readonly graceMs?: number;
}

export interface RunningServer {
  /** With the port that was chosen. */
  readonly url: string;
  readonly model: ChatEngine["model"];
  /** For the person who started it. */
  readonly warnings: readonly string[];
  /** Accepts nothing more, lets answers finish for a while, then cuts them and says so in their rows. */
  close(): Promise<void>;
}

/** @throws {StartError} for an address, port, data directory or database that cannot be used */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, home, webFolder, log = () => undefined, graceMs = 10_000 } = options;
  if (!isLoopback(host) && options.isRemoteAllowed !== true) throw remoteError(host);
  const opened = await openHomeDatabase(home);
  let engine: ChatEngine | undefined;
  const closeEngine = async () => {
    if (typeof options.engine === "function") await engine?.close();
  };
  try {
    const { database } = opened;
    const ownerId = await ensureLocalOwner(database);
    const interrupted = await markInterrupted(database);
    if (interrupted > 0) log({ level: "warning", event: "interrupted-answers", count: interrupted });
    engine = typeof options.engine === "function" ? await options.engine() : options.engine;

    let isClosing = false;
    const answers = createAnswerRunner({ engine, database, log });
    const app = createApp({
      engine,
      database,
      answers,
      ownerId,
      log,
      version: manifest.version,
      allowedHosts: namesOf(host),
      webFolder,
      isClosing: () => isClosing,
      limits: options.limits ?? {},
    });
    const server = await listen((request) => app.fetch(request), host, port);
    return {
      url: urlOf(server, host),
      model: engine.model,
      warnings: isLoopback(host) ? [] : [remoteWarning(host)],
      async close() {
        if (isClosing) return;
        isClosing = true;
        const deadline = performance.now() + graceMs;
        const closed = stopListening(server);
        await answers.close(graceMs);
        await closeConnections(server, closed, deadline);
        await closeEngine();
        await opened.close();
      },
    };
  } catch (error) {
    await closeEngine();
    await opened.close();
    throw error;
  }
}

async function listen(fetch: (request: Request) => Response | Promise<Response>, host: string, port: number) {
  const server = createServer(
    // A client that sends a request byte by byte is dropped; a long answer is not affected.
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 5_000 },
    getRequestListener(fetch, { overrideGlobalObjects: false, hostname: host }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen({ port, host }, resolve);
  });
  return server;
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const found: Record<string, string> = {
    EADDRINUSE: "another program listening there",
    EACCES: "a port that this user may not listen on",
    EADDRNOTAVAIL: "an address that this machine does not have",
    ENOTFOUND: "a name that resolves to nothing",
  };
  const known = found[error.code ?? ""];
  if (known === undefined) return error;
  return new StartError(
    {
      where: `port ${port} on ${host}`,
      found: known,
      expected: "a free port of this machine",
      fix: "choose another with PORT and HOST",
    },
    { cause: error },
  );
}

function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Waits for answers under /v1 too; connections that only idle are closed as they appear. */
async function closeConnections(server: Server, closed: Promise<void>, deadline: number): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.closeAllConnections(), Math.max(0, deadline - performance.now()));
  server.closeIdleConnections();
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Names that a browser may use; for "all addresses" those that this machine has. */
function namesOf(host: string): string[] {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
  const own = isEverywhere ? [hostname().toLowerCase(), ...addresses] : [host.toLowerCase()];
  return [...new Set([...loopbackHosts, ...own.map(inUrl)])];
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : inUrl(host);
  return `http://${name}:${port}`;
}

/** IPv6 addresses stand in brackets. */
function inUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function remoteError(host: string): StartError {
  return new StartError({
    where: `address ${host}`,
    found: "an address that others can reach",
    expected: "a loopback address, for there are no accounts yet and everybody would read and write everything",
    fix: "leave HOST out, or set MYNA_ALLOW_REMOTE=1 if everybody who reaches this machine may use it",
  });
}

function remoteWarning(host: string): string {
  return `${host} can be reached by others, and there are no accounts yet: everybody there reads and writes everything.`;
}
