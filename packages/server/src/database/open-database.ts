/** Opens the database of a data directory and brings it up to date. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Kysely } from "kysely";
import { StartError } from "../errors.ts";
import { type HomeLock, lockHome } from "./home-lock.ts";
import { migrate } from "./migrate.ts";
import { createNodeSqliteDialect } from "./node-sqlite.ts";
import { adviseOnSqlite, isSqliteError } from "./sqlite-errors.ts";
import type { Database, Tables } from "./tables.ts";

export interface OpenDatabase {
  readonly database: Database;
  close(): Promise<void>;
}

/**
 * `home`/db.sqlite, held for this process alone.
 *
 * @throws {StartError} when another server uses the directory, the file is damaged, unwritable or of a newer version
 */
export async function openHomeDatabase(home: string): Promise<OpenDatabase> {
  const path = join(home, "db.sqlite");
  let lock: HomeLock | undefined;
  try {
    mkdirSync(home, { recursive: true });
    lock = lockHome(join(home, "server.lock"), home);
    const database = await openSqlite(path);
    const held = lock;
    return {
      database,
      async close() {
        await database.destroy();
        held.release();
      },
    };
  } catch (error) {
    lock?.release();
    throw explain(error, path);
  }
}

/** @param path of a file, or ":memory:" for a database that ends with the process */
export async function openSqlite(path: string): Promise<Database> {
  const database = new Kysely<Tables>({ dialect: createNodeSqliteDialect(path) });
  try {
    await migrate(database, path);
    return database;
  } catch (error) {
    await database.destroy();
    throw error;
  }
}

function explain(error: unknown, path: string): unknown {
  if (error instanceof StartError && !isSqliteError(error.cause)) return error;
  const cause = error instanceof StartError ? error.cause : error;
  const isFileError = cause instanceof Error && "syscall" in cause;
  const advice = isSqliteError(cause)
    ? adviseOnSqlite(cause)
    : isFileError
      ? { found: cause.message, fix: "choose a directory that you may write, with MYNA_HOME" }
      : undefined;
  if (advice === undefined) return error;
  return new StartError({ where: path, ...advice, expected: "a database that can be read and written" }, { cause });
}
