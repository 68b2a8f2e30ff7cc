// Runs before the first paint, so that a chosen theme and language never flash the other one.
// The names of the keys are those of src/theme/theme.ts and src/i18n/i18n.ts.
(() => {
  const root = document.documentElement;
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is forbidden in this browser: the defaults hold
    }
  };
  const theme = stored("myna.theme");
  const isDark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "dark" : "light";
  const language = stored("myna.language") ?? navigator.language;
  root.lang = language.startsWith("zh") ? "zh-CN" : "en";
})();
