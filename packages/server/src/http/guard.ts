/**
 * Who may ask at all. The server has no password on loopback, so a web page elsewhere must not be able to speak to it:
 * not under a name of its own that resolves to 127.0.0.1 (Host), not from its own origin (Origin), and not with a
 * form (content type).
 */
import type { MiddlewareHandler } from "hono";
import { RequestError } from "../errors.ts";
import type { AppEnvironment } from "./environment.ts";

export const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** @param allowed names without ports */
export function checkHostAndOrigin(allowed: readonly string[]): MiddlewareHandler<AppEnvironment> {
  const isAllowed = (name: string | undefined) => name !== undefined && allowed.includes(name);
  return async (context, next) => {
    // An address written out in full ("GET http://evil.example/") counts more than the header, so both must be right.
    const { host: addressed } = new URL(context.req.url);
    const host = context.req.header("host") ?? addressed;
    if (!isAllowed(nameOf(`http://${host}`)) || !isAllowed(nameOf(`http://${addressed}`))) {
      throw new RequestError("forbidden_host", {
        where: "header Host",
        found: JSON.stringify(host),
        expected: allowed.join(", "),
        fix: "open the page under one of these names",
      });
    }
    const origin = context.req.header("origin");
    if (origin !== undefined && !isAllowed(nameOf(origin))) {
      throw new RequestError("forbidden_origin", {
        where: "header Origin",
        found: JSON.stringify(origin),
        expected: "a page of this server",
        fix: "use Myna's own page, or a program that is no browser",
      });
    }
    await next();
  };
}

/** Host name of an origin, lower case, or undefined where there is none ("null", nonsense). */
function nameOf(origin: string): string | undefined {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
  const isBare = url?.username === "" && url.password === "" && url.pathname === "/" && url.search === "";
  return isWeb && isBare ? url.hostname.toLowerCase() : undefined;
}

const writing = ["POST", "PUT", "PATCH"];

/** A form cannot send this type, so a page elsewhere would have to ask first (CORS), and is refused. */
export const requireJson: MiddlewareHandler<AppEnvironment> = async (context, next) => {
  const type = context.req.header("content-type");
  const isJson = type !== undefined && /^application\/json\s*(;|$)/i.test(type);
  if (writing.includes(context.req.method) && !isJson) {
    throw new RequestError("unsupported_media_type", {
      where: "header Content-Type",
      found: type === undefined ? "none" : JSON.stringify(type),
      expected: "application/json",
      fix: "send JSON and say so",
    });
  }
  await next();
};

/** Refuses a body before reading it whole. */
export function tooLarge(bodyBytes: number): RequestError {
  return new RequestError("body_too_large", {
    where: "the request's body",
    found: `more than ${bodyBytes} bytes`,
    expected: `at most ${bodyBytes} bytes`,
    fix: "send less at once",
  });
}
