/** GET /v1/models and /v1/models/{model}. */
import { createRoute } from "@hono/zod-openapi";
import type { ModelInfo } from "@myna/inference";
import { type OpenAiModel, openAiModelListSchema, openAiModelSchema } from "@myna/protocol";
import * as z from "zod";
import { RequestError } from "../errors.ts";
import type { App } from "../http/app.ts";
import type { AppDependencies } from "../http/environment.ts";
import { json, openAiErrors } from "./documented.ts";

const listRoute = createRoute({
  method: "get",
  path: "/v1/models",
  summary: "The models that answer here",
  responses: { 200: json(openAiModelListSchema, "All of them"), ...openAiErrors },
});

const readRoute = createRoute({
  method: "get",
  path: "/v1/models/{model}",
  summary: "One model",
  request: { params: z.object({ model: z.string().max(256) }) },
  responses: { 200: json(openAiModelSchema, "It is served"), ...openAiErrors },
});

export function addModels(app: App, { engine }: AppDependencies): void {
  app.openapi(listRoute, (context) => context.json({ object: "list" as const, data: [toModel(engine.model)] }, 200));
  app.openapi(readRoute, (context) => {
    requireModel(engine.model, context.req.valid("param").model);
    return context.json(toModel(engine.model), 200);
  });
}

/** @throws {RequestError} naming the model that is served */
export function requireModel(model: ModelInfo, asked: string): void {
  if (asked === model.id) return;
  throw new RequestError("not_found", {
    where: "model",
    found: asked.length <= 64 ? JSON.stringify(asked) : `a name of ${asked.length} characters`,
    expected: JSON.stringify(model.id),
    fix: "ask for that model, or start the server with --model",
  });
}

function toModel(model: ModelInfo): OpenAiModel {
  return {
    id: model.id,
    object: "model",
    created: Math.floor(model.createdAt / 1000),
    owned_by: "myna",
    architecture: model.architecture,
    parameters: model.parameters,
    context_length: model.contextLength,
  };
}
