/** The whole of HTTP: `createApp(dependencies).fetch(request)` answers without a port. */
import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { describeError, toApiError, toOpenAiError } from "../describe-error.ts";
import { RequestError } from "../errors.ts";
import { addChatCompletions } from "../routes/chat-completions.ts";
import { addConversations } from "../routes/conversations.ts";
import { addHealth } from "../routes/health.ts";
import { addMessages } from "../routes/messages.ts";
import { addModels } from "../routes/models.ts";
import { addSettings } from "../routes/settings.ts";
import { type AppDependencies, type AppEnvironment, defaultLimits } from "./environment.ts";
import { checkHostAndOrigin, requireJson, tooLarge } from "./guard.ts";
import { identifyAndLog } from "./request-log.ts";
import { securityHeaders } from "./security-headers.ts";
import { createStaticFiles } from "./static-files.ts";
import { refuseInvalid } from "./validation.ts";

export type App = OpenAPIHono<AppEnvironment>;

export function createApp(dependencies: AppDependencies): App {
  const { log, version, allowedHosts, webFolder } = dependencies;
  const limits = { ...defaultLimits, ...dependencies.limits };
  const app: App = new OpenAPIHono<AppEnvironment>({ defaultHook: refuseInvalid });

  app.use(identifyAndLog(log, limits));
  app.use(securityHeaders);
  app.use(checkHostAndOrigin(allowedHosts));
  app.use(
    bodyLimit({
      maxSize: limits.bodyBytes,
      onError: () => {
        throw tooLarge(limits.bodyBytes);
      },
    }),
  );
  app.use(requireJson);

  addHealth(app, dependencies);
  addModels(app, dependencies);
  addChatCompletions(app, dependencies);
  addConversations(app, dependencies);
  addMessages(app, dependencies);
  addSettings(app, dependencies);
  const info = { title: "Myna", version, description: "OpenAI's chat API under /v1, Myna's own under /api." };
  app.doc31("/openapi.json", { openapi: "3.1.0", info });
  refuseOtherMethods(app);

  const page = webFolder === undefined ? undefined : createStaticFiles(webFolder);
  app.notFound(async (context) => {
    const { method, path } = context.req;
    const isPage = (method === "GET" || method === "HEAD") && !/^\/(api|v1)(\/|$)/.test(path);
    const file = isPage ? await page?.(context.req.raw) : undefined;
    if (file !== undefined) return file;
    throw new RequestError("not_found", {
      where: "the address",
      found: `${method} of something that does not exist`,
      expected: "a route of /openapi.json",
      fix: isPage && path === "/" ? "build the page: npm start" : "check the address",
    });
  });

  app.onError((error, context) => {
    const described = describeError(error);
    const requestId = context.get("requestId");
    if (described.trace !== undefined) log({ level: "error", event: "error", requestId, trace: described.trace });
    const { status, retryAfterSeconds } = described;
    if (retryAfterSeconds !== undefined) context.header("retry-after", String(retryAfterSeconds));
    const isOpenAi = context.req.path.startsWith("/v1/");
    return context.json(isOpenAi ? toOpenAiError(described) : toApiError(described, requestId), status);
  });
  return app;
}

/** 405 with the methods that exist, on every address that has some. */
function refuseOtherMethods(app: App): void {
  const methods = new Map<string, Set<string>>();
  for (const { method, path } of app.routes) {
    if (method !== "ALL") methods.set(path, (methods.get(path) ?? new Set()).add(method));
  }
  for (const [path, known] of methods) {
    if (known.has("GET")) known.add("HEAD");
    app.all(path, (context) => {
      context.header("allow", [...known].join(", "));
      throw new RequestError("method_not_allowed", {
        where: "the method",
        found: context.req.method,
        expected: [...known].join(", "),
        fix: "use one of these",
      });
    });
  }
}
