import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StartError } from "../errors.ts";
import { appendExchange, markInterrupted } from "./append-messages.ts";
import { createConversation } from "./conversations.ts";
import { listMessages } from "./messages.ts";
import { migrate } from "./migrate.ts";
import { openHomeDatabase, openSqlite } from "./open-database.ts";
import { ensureLocalOwner } from "./owners.ts";

let home: string;

beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), "myna 数据 ")), "home");
});

afterEach(() => rmSync(join(home, ".."), { recursive: true, force: true }));

test("a data directory is made, and opened again with what was written", async () => {
  const first = await openHomeDatabase(home);
  const ownerId = await ensureLocalOwner(first.database);
  const { id } = await createConversation(first.database, ownerId, { title: "a", systemPrompt: null });
  await first.close();
  const second = await openHomeDatabase(home);
  expect(await ensureLocalOwner(second.database)).toBe(ownerId);
  expect(await second.database.selectFrom("conversations").select("id").execute()).toEqual([{ id }]);
  await second.close();
});

test("the database survives a power cut and checks its references", async () => {
  const { database, close } = await openHomeDatabase(home);
  const read = async (name: string) =>
    Object.values((await sql.raw(`PRAGMA ${name}`).execute(database)).rows[0] ?? {})[0];
  expect(await read("journal_mode")).toBe("wal");
  expect(await read("synchronous")).toBe(2);
  expect(await read("foreign_keys")).toBe(1);
  expect(await read("busy_timeout")).toBe(5000);
  await close();
});

test("a second server on one data directory is refused, until the first has closed", async () => {
  const first = await openHomeDatabase(home);
  await expect(openHomeDatabase(home)).rejects.toThrow(
    `${home}: found another Myna server that uses this data directory; expected one server for each. ` +
      "To fix: stop the other one, use its page, or choose another directory with MYNA_HOME.",
  );
  await first.close();
  await (await openHomeDatabase(home)).close();
});

test("a database of a newer version is refused and left as it was", async () => {
  const { database, close } = await openHomeDatabase(home);
  await sql`insert into kysely_migration (name, timestamp) values ('0999-from-the-future', '')`.execute(database);
  await close();
  const error = await openHomeDatabase(home).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toContain("a database of a newer version of Myna (it has 0999-from-the-future)");
  expect(String(error)).toContain("update Myna");
});

test("a migration that fails changes nothing", async () => {
  const database = await openSqlite(":memory:");
  const migrations = {
    "0001-first-tables": { up: async () => undefined },
    "0002-broken": {
      up: async (db: typeof database) => {
        await sql`create table half (id integer)`.execute(db);
        await sql`nonsense`.execute(db);
      },
    },
  };
  await expect(migrate(database, "db", migrations)).rejects.toThrow("nothing was changed");
  const tables = await database.introspection.getTables();
  expect(tables.map(({ name }) => name)).not.toContain("half");
  await database.destroy();
});

test.each([
  ["a file that is no database", () => writeFileSync(join(home, "db.sqlite"), "x".repeat(5000)), "no SQLite database"],
  ["a folder in its place", () => symlinkSync(join(home, ".."), join(home, "db.sqlite")), "cannot be opened"],
])("%s is refused with a way out", async (_name, prepare, words) => {
  await (await openHomeDatabase(home)).close();
  rmSync(join(home, "db.sqlite"));
  prepare();
  const error = await openHomeDatabase(home).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StartError);
  expect(String(error)).toContain(words);
  expect(String(error)).toContain("db.sqlite");
});

test("a data directory that is a file is refused with a way out", async () => {
  writeFileSync(home, "");
  await expect(openHomeDatabase(home)).rejects.toThrow("MYNA_HOME");
  expect(existsSync(home)).toBe(true);
});

test("answers that a crash cut are marked at the next start, and complete ones are not", async () => {
  const database = await openSqlite(":memory:");
  const ownerId = await ensureLocalOwner(database);
  const { id } = await createConversation(database, ownerId, { title: null, systemPrompt: null });
  await appendExchange(database, ownerId, id, {
    parentId: null,
    parts: [{ type: "text", text: "hi" }],
    requestId: undefined,
    title: null,
    answer: { id: "msg_1", model: "m" },
  });
  expect(await markInterrupted(database)).toBe(1);
  expect(await markInterrupted(database)).toBe(0);
  const messages = await listMessages(database, ownerId, id);
  expect(messages.map(({ status }) => status)).toEqual(["complete", "interrupted"]);
  await database.destroy();
});

test("the database itself refuses a parent in another conversation and a position taken twice", async () => {
  const database = await openSqlite(":memory:");
  const ownerId = await ensureLocalOwner(database);
  const [one, other] = [
    await createConversation(database, ownerId, { title: null, systemPrompt: null }),
    await createConversation(database, ownerId, { title: null, systemPrompt: null }),
  ];
  const row = {
    owner_id: ownerId,
    conversation_id: one.id,
    role: "user",
    parts: "[]",
    status: "complete",
    created_at: 0,
  } as const;
  await database
    .insertInto("messages")
    .values({ ...row, id: "a", parent_id: null, position: 0 })
    .execute();
  const insert = (values: object) =>
    database
      .insertInto("messages")
      .values({ ...row, id: "b", parent_id: null, position: 1, ...values })
      .execute();
  await expect(insert({ conversation_id: other.id, parent_id: "a" })).rejects.toThrow("FOREIGN KEY");
  await expect(insert({ position: 0 })).rejects.toThrow("UNIQUE");
  await expect(insert({ owner_id: "nobody" })).rejects.toThrow("FOREIGN KEY");
  await database.destroy();
});

test("a value that SQLite cannot hold is a fault of ours, named", async () => {
  const database = await openSqlite(":memory:");
  await expect(sql`select ${new Date() as unknown as string}`.execute(database)).rejects.toThrow(
    "internal: a parameter of type object",
  );
  await database.destroy();
});

test("statements of several transactions do not mix", async () => {
  const database = await openSqlite(":memory:");
  await ensureLocalOwner(database);
  const add = (name: string) =>
    database.transaction().execute(async (trx) => {
      await trx.insertInto("owners").values({ id: name, name, created_at: 0 }).execute();
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (name.startsWith("bad")) throw new Error(name);
    });
  await Promise.allSettled(["bad 1", "good 1", "bad 2", "good 2"].map(add));
  const owners = await database.selectFrom("owners").select("name").orderBy("name").execute();
  expect(owners.map(({ name }) => name)).toEqual(["good 1", "good 2", "local"]);
  await database.destroy();
});

test("other programs can read the file while the server runs", async () => {
  const { close } = await openHomeDatabase(home);
  const reader = new DatabaseSync(join(home, "db.sqlite"), { readOnly: true });
  expect(reader.prepare("select count(*) as count from messages").get()).toEqual({ count: 0 });
  reader.close();
  await close();
});
