// Light, dark, or as the system. The colours themselves are custom properties in styles.css.

import { useSyncExternalStore } from "react";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

/** Also read by public/first-paint.js. */
const STORAGE_KEY = "myna.theme";

const listeners = new Set<() => void>();
const systemIsDark = typeof matchMedia === "undefined" ? undefined : matchMedia("(prefers-color-scheme: dark)");

function readTheme(): Theme {
  const stored = localStorage.getItem(STORAGE_KEY);
  return themes.find((theme) => theme === stored) ?? "system";
}

function applyTheme(): void {
  const theme = readTheme();
  const isDark = theme === "dark" || (theme === "system" && systemIsDark?.matches === true);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(STORAGE_KEY);
  else localStorage.setItem(STORAGE_KEY, theme);
  applyTheme();
  for (const listener of listeners) listener();
}

/** Applies the theme now and whenever the system changes its own. */
export function startTheme(): void {
  applyTheme();
  systemIsDark?.addEventListener("change", applyTheme);
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, readTheme);
}
