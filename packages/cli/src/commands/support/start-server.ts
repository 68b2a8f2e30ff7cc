// Starts the server package on an engine: the one place that knows both.

import { missingPart } from "./missing-part.ts";

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

export async function startChatServer(_options: ChatServerOptions): Promise<RunningServer> {
  throw missingPart("the server", "@myna/server with startServer()");
}
