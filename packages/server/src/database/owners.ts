/** Owners. Until there are accounts, one local owner has everything. */
import type { Database } from "./tables.ts";

export const localOwnerId = "owner_local";

/** Made at the first start. */
export async function ensureLocalOwner(database: Database, now = Date.now()): Promise<string> {
  await database
    .insertInto("owners")
    .values({ id: localOwnerId, name: "local", created_at: now })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
  return localOwnerId;
}
