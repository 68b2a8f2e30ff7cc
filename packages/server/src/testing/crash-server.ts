/** A server process for the test that kills it: prints its address, and answers a word every few milliseconds. */
import { createScriptedEngine } from "@myna/inference/testing";
import { startServer } from "../start-server.ts";

const home = process.argv[2];
if (home === undefined) throw new Error("internal: crash-server needs a data directory");
const engine = createScriptedEngine({ replies: ["word ".repeat(5_000)], delayMs: 2, slots: 8 });
const server = await startServer({ host: "127.0.0.1", port: 0, home, engine });
process.stdout.write(`${server.url}\n`);
