/**
 * One server for one data directory: a second one would take the first one's running answers for cut ones.
 *
 * The lock is an exclusive transaction on a small SQLite file, held as long as the server runs. The operating system
 * frees it when the process ends, however it ends, so nothing stale is ever left.
 */
import { DatabaseSync } from "node:sqlite";
import { StartError } from "../errors.ts";
import { isSqliteError, sqliteBusy } from "./sqlite-errors.ts";

export interface HomeLock {
  release(): void;
}

/** @throws {StartError} when another process holds it */
export function lockHome(path: string, home: string): HomeLock {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // Not WAL: there, readers and a writer may hold the file together.
    database.exec("PRAGMA journal_mode = DELETE");
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!isSqliteError(error) || error.errcode !== sqliteBusy) throw error;
    throw new StartError({
      where: home,
      found: "another Myna server that uses this data directory",
      expected: "one server for each",
      fix: "stop the other one, use its page, or choose another directory with MYNA_HOME",
    });
  }
  return {
    release() {
      database.exec("ROLLBACK");
      database.close();
    },
  };
}
