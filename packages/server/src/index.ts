export { type AnswerRunner, type AnswerRunnerOptions, createAnswerRunner } from "./answers/answer-runner.ts";
export { type OpenDatabase, openHomeDatabase, openSqlite } from "./database/open-database.ts";
export { ensureLocalOwner, localOwnerId } from "./database/owners.ts";
export type { Database } from "./database/tables.ts";
export * from "./errors.ts";
export { type App, createApp } from "./http/app.ts";
export type { AppDependencies, Limits } from "./http/environment.ts";
export { createLineLog, type Log, type LogEntry } from "./log.ts";
export { isLoopback, type RunningServer, type ServerOptions, startServer } from "./start-server.ts";
