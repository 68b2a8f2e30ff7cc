// Starts the page.

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { startDetectedLanguage } from "./i18n/i18n.ts";
import { preloadMarkdown } from "./markdown/markdown-lazy.tsx";
import { startTheme } from "./theme/theme.ts";

startTheme();
await startDetectedLanguage();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
preloadMarkdown();
