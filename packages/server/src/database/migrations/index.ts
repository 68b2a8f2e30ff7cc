/** Every migration in order. A published one is never changed; the next one corrects it. */
import type { Migration } from "kysely/migration";
import * as firstTables from "./0001-first-tables.ts";

export const migrations: Record<string, Migration> = {
  "0001-first-tables": firstTables,
};
