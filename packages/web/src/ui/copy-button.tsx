// Copies a text and says so for a moment.

import { useEffect, useState } from "react";
import { useText } from "../i18n/i18n.ts";
import { CopyIcon, DoneIcon } from "../icons/icons.ts";
import { copyText } from "./copy-text.ts";
import { notify } from "./notices.tsx";

const SHOWN_MS = 1_600;

interface CopyButtonProps {
  label: string;
  getText: () => string;
}

export function CopyButton({ label, getText }: CopyButtonProps) {
  const text = useText();
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async () => {
    try {
      await copyText(getText());
      setIsCopied(true);
    } catch {
      notify({ text: text("conversation.copyFailed") });
    }
  };
  const shown = isCopied ? text("conversation.copied") : label;
  return (
    <button type="button" className="icon-button" onClick={copy} aria-label={shown} title={shown}>
      {isCopied ? <DoneIcon className="text-accent-text" /> : <CopyIcon />}
    </button>
  );
}
