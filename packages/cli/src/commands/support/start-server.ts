// Starts the server package on an engine: the one place that knows both.

import { resolve } from "node:path";
import { startEngineWorker } from "@myna/inference";
import { createLineLog, type LogEntry, startServer } from "@myna/server";
import { findModel } from "./model-folder.ts";

export interface ChatServerOptions {
  host: string;
  /** 0 chooses a free one. */
  port: number;
  home: string;
  /** As given with --model. */
  model: string | undefined;
}

export interface RunningServer {
  /** With the port that was chosen. */
  url: string;
  /** Lets answers finish, then closes. */
  close(): Promise<void>;
}

const builtPage = resolve(import.meta.dirname, "../../../../web/dist");

/**
 * Everything the server says of itself goes to standard error; MYNA_LOG=info adds a line for each request.
 *
 * @throws errors of the user's, for a model, an address or a data directory that cannot be used
 */
export async function startChatServer({ host, port, home, model }: ChatServerOptions): Promise<RunningServer> {
  // Before anything is opened, so that a wrong name costs nothing.
  const { folder } = findModel(model, home);
  const least: LogEntry["level"] = process.env.MYNA_LOG === "info" ? "info" : "warning";
  const log = createLineLog((line) => process.stderr.write(line), least);
  const server = await startServer({
    host,
    port,
    home,
    engine: () =>
      startEngineWorker(
        { folder },
        { onCrash: (error) => log({ level: "error", event: "engine-crash", message: error.message }) },
      ),
    webFolder: builtPage,
    isRemoteAllowed: process.env.MYNA_ALLOW_REMOTE === "1",
    log,
  });
  for (const warning of server.warnings) process.stderr.write(`myna: ${warning}\n`);
  return server;
}
