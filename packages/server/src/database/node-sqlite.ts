/**
 * SQLite through Node's own `node:sqlite`, in the shape that Kysely's dialect expects (better-sqlite3's).
 * docs/decisions/0001-node-sqlite.md says why.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";

/** How long a statement waits for another process that writes. */
const busyTimeoutMs = 5_000;

/**
 * - WAL: readers never wait for the writer, and a crash leaves whole transactions only
 * - synchronous FULL: a committed transaction survives a power cut, at the price of an fsync each
 */
const pragmas = ["journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"];

/** @param path of a file, made if absent, or ":memory:"; opened by the first query */
export function createNodeSqliteDialect(path: string): SqliteDialect {
  return new TransactionalSqliteDialect({ database: async () => openNodeSqlite(path) });
}

/** SQLite can take back a half-done migration, tables and all; Kysely's dialect does not make use of it. */
class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function openNodeSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`);
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    prepare: (sql) => prepare(database, sql),
    close: () => database.close(),
  };
}

function prepare(database: DatabaseSync, sql: string): SqliteStatement {
  const statement = database.prepare(sql);
  return {
    // A statement that returns no columns is run for its changes.
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bind(parameters)),
    run: (parameters) => statement.run(...bind(parameters)),
    iterate: (parameters) => statement.iterate(...bind(parameters)),
  };
}

function bind(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint")
      return value;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`internal: a parameter of type ${typeof value} cannot be stored in SQLite`);
  });
}
