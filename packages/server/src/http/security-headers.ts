/** Headers of every answer. Nothing runs on the page that did not come from this server's files. */
import type { MiddlewareHandler } from "hono";
import type { AppEnvironment } from "./environment.ts";

/**
 * Neither scripts nor styles may be inline: the page brings files of its own for both. Images come from here or from the
 * page itself, so an answer cannot report that it was read.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export const securityHeaders: MiddlewareHandler<AppEnvironment> = async (context, next) => {
  await next();
  const { headers } = context.res;
  headers.set("content-security-policy", contentSecurityPolicy);
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
};
