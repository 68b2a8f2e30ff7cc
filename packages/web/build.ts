// Builds the page into packages/web/dist. `npm start` calls it when the page's sources changed.

import { fileURLToPath } from "node:url";
import { build } from "vite";

/**
 * Builds the page.
 *
 * @param outDir absolute path of the folder to fill; what is in it is replaced. Default: `dist` beside this file
 * @throws {Error} Vite's own, naming the file and line, when a source does not compile
 */
export async function buildWeb(outDir: string = fileURLToPath(new URL("./dist", import.meta.url))): Promise<void> {
  // A test runner sets NODE_ENV to "test", and React would come in its slow development form.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = "production";
  try {
    await build({
      configFile: fileURLToPath(new URL("./vite.config.ts", import.meta.url)),
      logLevel: "warn",
      build: { outDir, emptyOutDir: true },
    });
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}
