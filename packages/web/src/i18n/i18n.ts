// Which language the page speaks, and the one way components get their texts.

import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import { catalogue, type TextKey } from "./catalogue.ts";

export const languages = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof languages;

/** Also read by public/first-paint.js. */
const STORAGE_KEY = "myna.language";

/** What a text needs to be complete: {{name}} → value. */
export type TextValues = Record<string, string | number>;
export type Translate = (key: TextKey, values?: TextValues) => string;

/** The chosen language, or else the first of the browser's that the page speaks, or else English. */
export function detectLanguage(stored: string | null, browserLanguages: readonly string[]): Language {
  const isKnown = (tag: string): tag is Language => Object.hasOwn(languages, tag);
  const candidates = [...(stored === null ? [] : [stored]), ...browserLanguages].map((tag) => tag.split("-")[0]!);
  return candidates.find(isKnown) ?? "en";
}

function textsOf(language: Language): Record<string, string> {
  return Object.fromEntries(Object.entries(catalogue).map(([key, entry]) => [key, entry[language]]));
}

function applyToDocument(language: Language): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

/** Prepares i18next with both languages: they are small, and switching then waits for nothing. */
export async function startLanguages(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: { en: { translation: textsOf("en") }, zh: { translation: textsOf("zh") } },
    keySeparator: false,
    nsSeparator: false,
    // React escapes what it renders.
    interpolation: { escapeValue: false },
  });
  if (typeof document !== "undefined") applyToDocument(language);
}

export function startDetectedLanguage(): Promise<void> {
  return startLanguages(detectLanguage(localStorage.getItem(STORAGE_KEY), navigator.languages));
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(STORAGE_KEY, language);
  applyToDocument(language);
  await i18next.changeLanguage(language);
}

/** The text of a key in the language of the page; the component renders again when the language changes. */
export function useText(): Translate {
  const { t } = useTranslation();
  return (key, values) => t(key, values ?? {});
}

export function useLanguage(): Language {
  return useTranslation().i18n.language as Language;
}
