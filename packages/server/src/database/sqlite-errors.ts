/** SQLite's result codes that people can do something about, in words. */

export interface SqliteError extends Error {
  /** Extended result code; the low byte is the primary one. */
  readonly errcode: number;
}

export const sqliteBusy = 5;

const advice: Record<number, { found: string; fix: string }> = {
  5: { found: "a database that another process keeps locked", fix: "close the other program that uses it" },
  8: { found: "a database that may not be written", fix: "make the data directory and its files writable" },
  10: { found: "a disk that fails to read or write", fix: "check the disk, and restore the folder from a backup" },
  11: { found: "a damaged database", fix: "move db.sqlite away, or restore it from a backup" },
  13: { found: "a full disk", fix: "free some space; nothing that was saved is lost" },
  14: { found: "a file that cannot be opened", fix: "make the data directory writable, and db.sqlite a plain file" },
  26: { found: "a file that is no SQLite database", fix: "move db.sqlite away; a new one is made" },
};

export function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number";
}

/** What was found and how to fix it, for a failure that has to do with storage. */
export function adviseOnSqlite(error: SqliteError): { found: string; fix: string } | undefined {
  return advice[error.errcode & 0xff];
}
