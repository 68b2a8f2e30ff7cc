// How the page is built: one HTML file, hashed scripts and styles beside it, nothing inline and nothing from elsewhere,
// so that it works under `script-src 'self'; style-src 'self'`.

import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      "react-remove-scroll": fileURLToPath(new URL("./src/ui/without-scroll-lock.tsx", import.meta.url)),
      // Streamdown's parser of HTML in Markdown. Our answers never have their HTML parsed (markdown.tsx), so it stays out.
      "rehype-raw": fileURLToPath(new URL("./src/markdown/without-html.ts", import.meta.url)),
    },
  },
  build: {
    target: "es2023",
    // Vite inlines small assets as data: URLs unless told otherwise; a strict policy refuses those.
    assetsInlineLimit: 0,
    // The polyfill is for browsers older than the target.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The Markdown parser comes after the first paint and is the largest part.
    chunkSizeWarningLimit: 600,
  },
  server: {
    // `npx vite packages/web` next to a running `npm start`.
    proxy: { "/api": "http://127.0.0.1:3000", "/v1": "http://127.0.0.1:3000", "/health": "http://127.0.0.1:3000" },
  },
});
