// A real browser on a real server with a scripted engine, and a record of everything the browser complained about.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createScriptedEngine, type ScriptedEngine, type ScriptedEngineOptions } from "@myna/inference/testing";
import { type RunningServer, startServer } from "@myna/server";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { inject } from "vitest";

export interface Stage {
  url: string;
  engine: ScriptedEngine;
  /** A page in a context of its own: no cookies, no storage. */
  open: (options?: BrowserContextOptions) => Promise<Visit>;
  /** Stops the server and starts it again on the same data and port. */
  restart: () => Promise<void>;
  stopServer: () => Promise<void>;
  /** Problems of all pages that no trouble excuses: exceptions, policy violations, and anything from elsewhere. */
  faults: () => string[];
  close: () => Promise<void>;
}

export interface Visit {
  page: Page;
  /** Console errors, exceptions, refused resources and policy violations so far. */
  problems: string[];
  screenshot: (name: string) => Promise<void>;
}

export async function setStage(options: ScriptedEngineOptions): Promise<Stage> {
  const home = mkdtempSync(join(tmpdir(), "myna-e2e-"));
  const engine = createScriptedEngine(options);
  const start = (port: number) =>
    startServer({ host: "127.0.0.1", port, home, engine, webFolder: inject("webFolder"), graceMs: 0 });
  let server: RunningServer | undefined = await start(0);
  const url = server.url.replace(/\/$/, "");
  const browser = await launch();
  const visits: Visit[] = [];
  const stopServer = async () => {
    await server?.close();
    server = undefined;
  };
  return {
    url,
    engine,
    async open(contextOptions) {
      const opened = await visit(browser, url, contextOptions);
      visits.push(opened);
      return opened;
    },
    faults: () =>
      visits
        .flatMap(({ problems }) => problems)
        .filter((problem) => /^(exception|error: policy violation|loaded from elsewhere)/.test(problem)),
    stopServer,
    async restart() {
      await stopServer();
      server = await start(Number(new URL(url).port));
    },
    async close() {
      await browser.close();
      await stopServer();
      await engine.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function launch(): Promise<Browser> {
  const { program, libraries } = inject("browser");
  return chromium.launch({
    executablePath: program,
    env: { ...process.env, LD_LIBRARY_PATH: libraries } as Record<string, string>,
    // Containers give the browser no sandbox and little shared memory.
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({
    locale: "en-US",
    viewport: { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const isOurs = request.url().startsWith(url) || /^(data|blob):/.test(request.url());
    if (!isOurs) problems.push(`loaded from elsewhere: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(url);
  return {
    page,
    problems,
    async screenshot(name) {
      await page.screenshot({ path: join(inject("screenshots"), `${name}.png`), animations: "disabled" });
    },
  };
}
