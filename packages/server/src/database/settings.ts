/** Queries on settings: one row a field, its value as JSON. */
import { type Settings, settingsSchema } from "@myna/protocol";
import type { Database } from "./tables.ts";

const defaults: Settings = { systemPrompt: null, options: {} };

export async function readSettings(database: Database, ownerId: string): Promise<Settings> {
  const rows = await database.selectFrom("settings").selectAll().where("owner_id", "=", ownerId).execute();
  const stored = Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value) as unknown]));
  return settingsSchema.parse({ ...defaults, ...stored });
}

/** Absent fields stay. */
export async function updateSettings(
  database: Database,
  ownerId: string,
  changes: { [Name in keyof Settings]?: Settings[Name] | undefined },
): Promise<Settings> {
  const rows = Object.entries(changes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ owner_id: ownerId, name, value: JSON.stringify(value) }));
  if (rows.length > 0) {
    await database
      .insertInto("settings")
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(["owner_id", "name"]).doUpdateSet({ value: (row) => row.ref("excluded.value") }),
      )
      .execute();
  }
  return readSettings(database, ownerId);
}
