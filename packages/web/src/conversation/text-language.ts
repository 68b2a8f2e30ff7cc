// Which language a text is in, as far as fonts, line breaking and screen readers need to know.

/** For the `lang` attribute: any Han character without kana makes it Chinese, for a page that speaks Chinese and English. */
export function languageOf(text: string): "zh-CN" | "en" | undefined {
  const start = text.slice(0, 2_000);
  if (/[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(start)) return undefined;
  if (/\p{Script=Han}/u.test(start)) return "zh-CN";
  return /[A-Za-z]/.test(start) ? "en" : undefined;
}
