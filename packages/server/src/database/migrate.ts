/** Brings a database to this version's tables, and refuses one that a newer version has written. */
import { type Migration, Migrator } from "kysely/migration";
import { StartError } from "../errors.ts";
import { migrations } from "./migrations/index.ts";
import type { Database } from "./tables.ts";

/**
 * @param where the database in the user's words, for errors: its path
 * @param known replaced in tests
 * @throws {StartError} for a database of a newer version, or when a migration fails (it is rolled back)
 */
export async function migrate(
  database: Database,
  where: string,
  known: Record<string, Migration> = migrations,
): Promise<void> {
  const newer = (await readExecuted(database)).filter((name) => !(name in known));
  if (newer.length > 0) {
    throw new StartError({
      where,
      found: `a database of a newer version of Myna (it has ${newer.join(", ")})`,
      expected: `migrations up to ${Object.keys(known).at(-1)}`,
      fix: "update Myna, or choose another data directory with MYNA_HOME",
    });
  }
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => known } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  throw new StartError(
    {
      where,
      found: `a migration that failed: ${error instanceof Error ? error.message : String(error)}`,
      expected: "a database that this version can bring up to date",
      fix: "free disk space and make the data directory writable, then start again; nothing was changed",
    },
    { cause: error },
  );
}

async function readExecuted(database: Database): Promise<string[]> {
  const tables = await database.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === "kysely_migration")) return [];
  const rows = await database
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom("kysely_migration")
    .select("name")
    .orderBy("name")
    .execute();
  return rows.map(({ name }) => name);
}
