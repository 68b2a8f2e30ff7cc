/**
 * The built page. Its files are listed once, at the start, and only listed names are served, so no request can
 * name anything else: no "..", no link out of the folder, no file that starts with a dot.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

const types: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** Answers GET and HEAD; undefined where the page has no such file and no view of its own. */
export type StaticFiles = (request: Request) => Promise<Response | undefined>;

interface CachedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

export function createStaticFiles(folder: string): StaticFiles {
  const paths = new Map(listFiles(folder).map((path) => [urlOf(folder, path), path]));
  const cache = new Map<string, CachedFile>();

  async function read(path: string): Promise<CachedFile> {
    const cached = cache.get(path);
    if (cached !== undefined) return cached;
    const bytes = new Uint8Array(await readFile(path));
    const file = { bytes, etag: `"${createHash("sha256").update(bytes).digest("base64url")}"` };
    cache.set(path, file);
    return file;
  }

  return async (request) => {
    const url = new URL(request.url).pathname;
    const path = paths.get(url) ?? (isView(url, request) ? paths.get("/index.html") : undefined);
    if (path === undefined) return undefined;
    const { bytes, etag } = await read(path);
    const headers = {
      "content-type": types[extname(path)] ?? "application/octet-stream",
      // Names under /assets/ hold a hash of the content; others are asked for again, which costs a 304.
      "cache-control": url.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      etag,
    };
    if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
    return new Response(bytes, { headers });
  };
}

/** An address that the page itself understands, such as that of a conversation: no extension, asked for as a page. */
function isView(url: string, request: Request): boolean {
  if (url === "/") return true;
  const accept = request.headers.get("accept") ?? "";
  return !/\.[^/]*$/.test(url) && !url.startsWith("/assets/") && accept.includes("text/html");
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !relative(folder, path)
          .split(sep)
          .some((name) => name.startsWith(".")),
    );
}

/** As `URL` writes it, so that names with blanks or Chinese are found. */
function urlOf(folder: string, path: string): string {
  const name = relative(folder, path).split(sep).map(encodeURIComponent).join("/");
  return new URL(name, "http://localhost/").pathname;
}
