/** The worker thread of `startEngineWorker`. */
import { parentPort, workerData } from "node:worker_threads";
import { createEngine, type EngineOptions } from "../engine/create-engine.ts";
import { serveEngine } from "./serve-engine.ts";

await serveEngine(parentPort!, () => createEngine(workerData as EngineOptions));
