/** A request's id and its line in the log: method, route and status, never a text or an address with one in it. */
import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { createId } from "../ids.ts";
import type { Log } from "../log.ts";
import type { AppEnvironment, Limits } from "./environment.ts";

export function identifyAndLog(log: Log, limits: Limits): MiddlewareHandler<AppEnvironment> {
  return async (context, next) => {
    const requestId = createId("req");
    context.set("requestId", requestId);
    context.set("limits", limits);
    const startedAt = performance.now();
    await next();
    context.res.headers.set("x-request-id", requestId);
    log({
      level: "info",
      event: "request",
      requestId,
      method: context.req.method,
      // The pattern, for an unknown address could hold anything.
      route: routePath(context, -1),
      status: context.res.status,
      durationMs: Math.round(performance.now() - startedAt),
    });
  };
}
