// An answer's Markdown on the screen. Nothing in it runs, and nothing is loaded because of it: HTML is shown as the text it is,
// images become links, and links lead only where links.ts allows. Loaded after the page itself (markdown-lazy.tsx).

import { type ComponentProps, isValidElement, memo, type ReactNode } from "react";
import { type Components, defaultRemarkPlugins, Streamdown } from "streamdown";
import { useText } from "../i18n/i18n.ts";
import { ImageIcon } from "../icons/icons.ts";
import { markEmphasis, removeMarks } from "./chinese-emphasis.ts";
import { CodeBlock } from "./code-block.tsx";
import { safeAddress } from "./links.ts";

function SafeLink({ href, children }: ComponentProps<"a">) {
  const address = safeAddress(href);
  if (address === undefined) return <span>{children}</span>;
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Loading an image would tell its host that the answer was read, and whatever the model put into the address. */
function UnloadedImage({ src, alt }: ComponentProps<"img">) {
  const text = useText();
  const label = text("image.link", { text: alt || text("image.untitled") });
  return (
    <SafeLink href={typeof src === "string" ? src : undefined}>
      <ImageIcon className="me-1 inline size-4 align-[-0.15em]" aria-hidden="true" />
      {label}
    </SafeLink>
  );
}

function textOf(node: ReactNode): string {
  if (typeof node === "string" || typeof node === "number") return String(node);
  if (Array.isArray(node)) return node.map(textOf).join("");
  return isValidElement<{ children?: ReactNode }>(node) ? textOf(node.props.children) : "";
}

/** A fenced block arrives as pre > code; the code element says the language. */
function FencedCode({ children }: ComponentProps<"pre">) {
  const code = isValidElement<ComponentProps<"code">>(children) ? children.props : {};
  const language = /language-(\S+)/.exec(code.className ?? "")?.[1] ?? "";
  return <CodeBlock code={textOf(code.children ?? children).replace(/\n$/, "")} language={language} />;
}

function ScrollingTable({ children }: ComponentProps<"table">) {
  const text = useText();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-frame" tabIndex={0} aria-label={text("code.scroll")}>
      <table>{children}</table>
    </section>
  );
}

function TaskBox({ checked = false }: ComponentProps<"input">) {
  const text = useText();
  return <input type="checkbox" disabled checked={checked} aria-label={text(checked ? "task.done" : "task.open")} />;
}

/** Elements without a component of ours are plain ones: their looks are in markdown.css. */
const plain = Object.fromEntries(
  "blockquote h1 h2 h3 h4 h5 h6 hr li ol p section strong sub sup tbody td th thead tr ul"
    .split(" ")
    .map((name) => [name, name]),
);
const components = {
  ...plain,
  a: SafeLink,
  img: UnloadedImage,
  input: TaskBox,
  pre: FencedCode,
  code: "code",
  table: ScrollingTable,
} as Components;

const remarkPlugins = [...Object.values(defaultRemarkPlugins), removeMarks];

interface MarkdownProps {
  text: string;
  /** The text is still growing: unfinished emphasis, links and fences are completed for display. */
  isStreaming: boolean;
}

export const Markdown = memo(function Markdown({ text, isStreaming }: MarkdownProps) {
  return (
    <Streamdown
      className="markdown"
      components={components}
      remarkPlugins={remarkPlugins}
      // No plugin here parses HTML, so it stays text; addresses are judged by the components above.
      rehypePlugins={[]}
      urlTransform={(address) => address}
      mode={isStreaming ? "streaming" : "static"}
      parseIncompleteMarkdown={isStreaming}
      controls={false}
      linkSafety={{ enabled: false }}
      dir="auto"
    >
      {markEmphasis(text)}
    </Streamdown>
  );
});
