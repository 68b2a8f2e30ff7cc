import { expect, test } from "vitest";
import { createTestApp } from "../testing/test-app.ts";

interface Document {
  openapi: string;
  paths: Record<string, Record<string, { summary?: string; responses: Record<string, object>; requestBody?: object }>>;
  components: { schemas: Record<string, object> };
}

test("the OpenAPI document names every route with its bodies, answers and errors", async () => {
  const { app, get } = await createTestApp();
  const document = (await (await get("/openapi.json")).json()) as Document;
  expect(document.openapi).toBe("3.1.0");
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const served = app.routes
    .filter(({ method, path }) => method !== "ALL" && path !== "/openapi.json")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  expect(documented.sort()).toEqual([...new Set(served)].sort());
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, route] of Object.entries(methods)) {
      expect([path, method, route.summary?.length]).not.toContain(undefined);
      if (path !== "/health") expect(Object.keys(route.responses)).toContain("default");
    }
  }
});

test("schemas are named once and every reference leads to one", async () => {
  const { get } = await createTestApp();
  const text = await (await get("/openapi.json")).text();
  const document = JSON.parse(text) as Document;
  const names = Object.keys(document.components.schemas);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(names).toContain(name);
  for (const name of ["Message", "ChatEvent", "ChatCompletionRequest", "ChatCompletionChunk", "ApiError"]) {
    expect(names).toContain(name);
  }
});
