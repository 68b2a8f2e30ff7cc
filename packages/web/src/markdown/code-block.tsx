// A block of code in an answer: its language, a copy button, and colours.

import { memo, useMemo } from "react";
import { useText } from "../i18n/i18n.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { highlight } from "./highlight.ts";

/** Longer blocks stay plain: thousands of elements would slow every scroll, for a text nobody reads here. */
const LONGEST_COLOURED = 20_000;

interface CodeBlockProps {
  code: string;
  /** What stands after the opening fence; empty when nothing does. */
  language: string;
}

export const CodeBlock = memo(function CodeBlock({ code, language }: CodeBlockProps) {
  const text = useText();
  const tokens = useMemo(
    () => (code.length > LONGEST_COLOURED ? [{ kind: "plain" as const, text: code }] : highlight(code, language)),
    [code, language],
  );
  const name = language === "" ? text("code.plain") : language;
  return (
    <section className="code-block" aria-label={text("code.label", { language: name })}>
      <div className="flex items-center justify-between ps-4 pe-1 pt-0.5 text-xs text-muted">
        <span dir="ltr">{name}</span>
        <CopyButton label={text("code.copy")} getText={() => code} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <pre dir="ltr" tabIndex={0}>
        <code>
          {tokens.map((token, index) =>
            token.kind === "plain" ? (
              token.text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no other identity and are never reordered
              <span key={index} className={`code-${token.kind}`}>
                {token.text}
              </span>
            ),
          )}
        </code>
      </pre>
    </section>
  );
});
