// The field at the foot of the page. It decides when a text is sent or an answer stopped; others do it.

import { type RefObject, useEffect, useLayoutEffect, useState } from "react";
import { useText } from "../i18n/i18n.ts";
import { SendIcon, StopIcon } from "../icons/icons.ts";
import { readDraft, writeDraft } from "./drafts.ts";
import { focusField } from "./focus-field.ts";
import { isSendKey } from "./keys.ts";

/** The server's own limit of a message. */
export const LONGEST_MESSAGE = 400_000;

interface ComposerProps {
  /** Whose draft this is. */
  draftId: string;
  field: RefObject<HTMLTextAreaElement | null>;
  isAnswering: boolean;
  /** Why nothing can be sent now, or undefined. */
  refusal?: string | undefined;
  onSend: (text: string) => void;
  onStop: () => void;
  /** Arrow up in an empty field. */
  onEditLast?: () => void;
}

const canGrowByItself = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

function fitHeight(field: HTMLTextAreaElement | null): void {
  if (field === null || canGrowByItself) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

export function Composer({ draftId, field, isAnswering, refusal, onSend, onStop, onEditLast }: ComposerProps) {
  const text = useText();
  const [draft, setDraft] = useState(() => readDraft(draftId));
  const change = (next: string) => {
    setDraft(next);
    writeDraft(draftId, next);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => fitHeight(field.current), [draft]);
  useEffect(() => {
    focusField(field.current);
  }, [field]);

  const excess = draft.length - LONGEST_MESSAGE;
  const canSend = draft.trim() !== "" && !isAnswering && excess <= 0 && refusal === undefined;
  const send = () => {
    if (!canSend) return;
    change("");
    onSend(draft);
  };

  return (
    <form
      className="rounded-3xl border border-edge/45 bg-raised shadow-raised transition-colors focus-within:border-edge"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {excess > 0 && (
        <p role="alert" className="px-5 pt-3 text-sm text-danger">
          {text("composer.tooLong", { excess, limit: LONGEST_MESSAGE })}
        </p>
      )}
      <div className="flex items-end gap-1 p-2">
        <textarea
          ref={field}
          rows={1}
          value={draft}
          aria-label={text("composer.label")}
          placeholder={text("composer.placeholder")}
          className="field-sizing-content max-h-[40dvh] min-h-10 flex-1 resize-none bg-transparent px-3 py-2 leading-6 outline-none placeholder:text-muted"
          onChange={(event) => change(event.target.value)}
          onKeyDown={(event) => {
            const { isComposing, keyCode } = event.nativeEvent;
            const hasPointer = !matchMedia("(hover: none) and (pointer: coarse)").matches;
            if (isSendKey({ key: event.key, shiftKey: event.shiftKey, isComposing, keyCode }, hasPointer)) {
              event.preventDefault();
              send();
            } else if (event.key === "ArrowUp" && draft === "" && !isComposing) {
              onEditLast?.();
            }
          }}
        />
        {isAnswering ? (
          <button
            type="button"
            onClick={() => {
              onStop();
              focusField(field.current);
            }}
            aria-label={text("composer.stop")}
            title={text("composer.stop")}
            className="grid size-10 shrink-0 place-items-center rounded-full bg-ink text-page hover:opacity-85"
          >
            <StopIcon className="size-3.5 fill-current" />
          </button>
        ) : (
          <button
            type="submit"
            disabled={!canSend}
            aria-label={text("composer.send")}
            title={refusal ?? text("composer.send")}
            className="grid size-10 shrink-0 place-items-center rounded-full bg-accent text-on-accent transition hover:brightness-105 disabled:bg-bubble disabled:text-muted"
          >
            <SendIcon className="size-5" strokeWidth={2.25} />
          </button>
        )}
      </div>
    </form>
  );
}
