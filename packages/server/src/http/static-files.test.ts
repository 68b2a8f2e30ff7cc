import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestApp, type TestApp } from "../testing/test-app.ts";

let root: string;
let server: TestApp;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "myna-page-"));
  const dist = join(root, "dist");
  mkdirSync(join(dist, "assets"), { recursive: true });
  writeFileSync(join(dist, "index.html"), "<!doctype html><title>Myna</title>");
  writeFileSync(join(dist, "assets", "index-3f2a.js"), "console.log(1)");
  writeFileSync(join(dist, "assets", "style-77.css"), "body{}");
  writeFileSync(join(dist, "八哥 bird.svg"), "<svg/>");
  writeFileSync(join(dist, ".sources"), "hash");
  writeFileSync(join(root, "secret.txt"), "secret");
  symlinkSync(join(root, "secret.txt"), join(dist, "link.txt"));
  server = await createTestApp({}, { webFolder: dist });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each([
  ["/", "text/html; charset=utf-8", "no-cache"],
  ["/assets/index-3f2a.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
  ["/assets/style-77.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"],
  ["/%E5%85%AB%E5%93%A5%20bird.svg", "image/svg+xml", "no-cache"],
])("%s is served as %s", async (path, type, caching) => {
  const response = await server.get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(type);
  expect(response.headers.get("cache-control")).toBe(caching);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const again = await server.get(path, { "if-none-match": response.headers.get("etag") ?? "" });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  const head = await server.send("HEAD", path);
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("a view of the page gets the page, and the page carries the policy", async () => {
  const response = await server.get("/chat/conv_1", { accept: "text/html,*/*" });
  expect(await response.text()).toContain("<title>Myna</title>");
  expect(response.headers.get("content-security-policy")).toContain("script-src 'self';");
});

test.each([
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/assets/..%5c..%5csecret.txt",
  "/link.txt",
  "/.sources",
  "/assets/gone.js",
  "/assets/",
  "/index.html%00.js",
  "/constructor",
  "/api/nothing",
  "/v1/nothing",
])("%s is not found", async (path) => {
  const response = await server.get(path, { accept: path.startsWith("/assets") ? "text/html" : "*/*" });
  expect(response.status).toBe(404);
  expect(await response.text()).not.toContain("secret");
});

test("a page is not posted to, and an unknown address of the API is never the page", async () => {
  expect((await server.send("POST", "/", {})).status).toBe(404);
  const response = await server.get("/api/conversation", { accept: "text/html" });
  expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/json"]);
});

test("a page that is not built says how to build it", async () => {
  const { get } = await createTestApp({}, { webFolder: join(root, "nowhere") });
  const response = await get("/", { accept: "text/html" });
  expect(response.status).toBe(404);
  expect(await response.text()).toContain("npm start");
});
