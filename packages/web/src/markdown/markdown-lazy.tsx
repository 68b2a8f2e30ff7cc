// Markdown as the page uses it: the parser is fetched after the first paint, and until it is there the text is shown as it is.

import { lazy, Suspense } from "react";

const load = () => import("./markdown.tsx");
const Markdown = lazy(async () => ({ default: (await load()).Markdown }));

/** Fetches the parser while the browser has nothing better to do, so that the first answer does not wait for it. */
export function preloadMarkdown(): void {
  const start = () => void load();
  if ("requestIdleCallback" in window) requestIdleCallback(start);
  else setTimeout(start, 300);
}

export function MarkdownText({ text, isStreaming }: { text: string; isStreaming: boolean }) {
  return (
    <Suspense fallback={<div className="markdown whitespace-pre-wrap">{text}</div>}>
      <Markdown text={text} isStreaming={isStreaming} />
    </Suspense>
  );
}
