/** GET and PATCH /api/settings: what new conversations and answers start from. */
import { createRoute } from "@hono/zod-openapi";
import { settingsSchema, updateSettingsRequestSchema } from "@myna/protocol";
import { readSettings, updateSettings } from "../database/settings.ts";
import type { App } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { apiErrors, json, jsonBody } from "./documented.ts";

const readRoute = createRoute({
  method: "get",
  path: "/api/settings",
  summary: "Settings",
  responses: { 200: json(settingsSchema, "All of them"), ...apiErrors },
});

const updateRoute = createRoute({
  method: "patch",
  path: "/api/settings",
  summary: "Change settings",
  request: { body: jsonBody(updateSettingsRequestSchema) },
  responses: { 200: json(settingsSchema, "All of them, after the change"), ...apiErrors },
});

export function addSettings(app: App, { database, ownerId }: AppDependencies): void {
  app.openapi(readRoute, async (context) => context.json(await readSettings(database, ownerId), 200));
  app.openapi(updateRoute, async (context) =>
    context.json(await updateSettings(database, ownerId, context.req.valid("json")), 200),
  );
}
