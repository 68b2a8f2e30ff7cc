/** GET /health: is it there, and what does it run. */
import { createRoute } from "@hono/zod-openapi";
import { healthSchema } from "@myna/protocol";
import type { App } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { json } from "./documented.ts";

const route = createRoute({
  method: "get",
  path: "/health",
  summary: "Whether the server is well",
  responses: { 200: json(healthSchema, "It is"), 503: json(healthSchema, "It is closing") },
});

export function addHealth(app: App, { engine, answers, version, isClosing }: AppDependencies): void {
  const startedAt = performance.now();
  app.openapi(route, (context) => {
    const health = {
      version,
      model: engine.model.id,
      uptimeSeconds: Math.round((performance.now() - startedAt) / 100) / 10,
      runningAnswers: answers.count,
    };
    return isClosing()
      ? context.json({ ...health, status: "closing" as const }, 503)
      : context.json({ ...health, status: "ok" as const }, 200);
  });
}
