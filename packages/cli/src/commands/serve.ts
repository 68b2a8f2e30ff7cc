// `myna serve`: the page and the API on this machine. `npm start` runs this after building the page.

import * as z from "zod";
import { defineCommand } from "../command.ts";
import { UsageError } from "../errors.ts";
import { listenForInterrupt } from "../terminal/interrupt.ts";
import { findFreePort, isPortFree } from "./support/ports.ts";
import { startChatServer } from "./support/start-server.ts";

const options = z.object({
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(3000)
    .describe("Port to listen on, 0 for any free one")
    .meta({ environment: "PORT" }),
  host: z
    .string()
    .default("127.0.0.1")
    .describe("Address to listen on; anything but loopback is open to your network")
    .meta({ unit: "address", environment: "HOST" }),
  model: z
    .string()
    .optional()
    .describe(
      "Folder of a model, or a name under MYNA_HOME/models; without it the newest of them, or the default model",
    )
    .meta({ unit: "folder" }),
});

export const serve = defineCommand({
  name: "serve",
  summary: "Serves the chat page and the API on this machine",
  examples: ["myna serve", "PORT=8080 myna serve --model my-model"],
  options,
  async run({ port, host, model }, context) {
    if (port !== 0 && !(await isPortFree(port, host))) {
      const free = await findFreePort(port + 1, host);
      throw new UsageError({
        where: `port ${port} on ${host}`,
        found: "another program listening there",
        expected: "a free port",
        fix: `stop that program, or choose port ${free}, which is free: PORT=${free} npm start`,
      });
    }
    const interrupt = listenForInterrupt(() =>
      context.errorOutput.write("\nfinishing answers; Ctrl-C again to exit at once\n"),
    );
    try {
      const server = await startChatServer({ host, port, home: context.home, model });
      const line = { url: server.url, home: context.home };
      context.output.write(context.isJson ? `${JSON.stringify(line)}\n` : `Myna is at ${server.url}\n`);
      await aborted(interrupt.signal);
      await server.close();
    } finally {
      interrupt.release();
    }
  },
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
