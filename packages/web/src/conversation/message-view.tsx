// One message: yours in a bubble at the right, Myna's as plain text, each with what can be done with it.

import { memo, type ReactNode, useEffect, useRef, useState } from "react";
import { isSendKey } from "../composer/keys.ts";
import { useText } from "../i18n/i18n.ts";
import { EditIcon, NextIcon, PreviousIcon, RegenerateIcon } from "../icons/icons.ts";
import { MynaMark } from "../icons/myna-mark.tsx";
import { MarkdownText } from "../markdown/markdown-lazy.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { EndNote, LiveStatus, Measured } from "./answer-status.tsx";
import type { LiveAnswer } from "./reducer.ts";
import { languageOf } from "./text-language.ts";
import { type Message, textOf } from "./wire.ts";

export interface MessageCallbacks {
  onEdit: (message: Message, text: string) => void;
  onRegenerate: (messageId: string) => void;
  onChoose: (messageId: string) => void;
  onEditing: (messageId: string | undefined) => void;
}

interface MessageViewProps extends MessageCallbacks {
  message: Message;
  /** Joined by spaces, so that the same versions are the same property. */
  versions: string;
  live: LiveAnswer | undefined;
  isLast: boolean;
  isEditing: boolean;
  /** Another answer is being written, so nothing new can be asked for. */
  isBusy: boolean;
}

export const MessageView = memo(function MessageView(props: MessageViewProps) {
  return props.message.role === "user" ? <UserMessage {...props} /> : <Answer {...props} />;
});

function UserMessage({ message, versions, isEditing, isBusy, onEdit, onChoose, onEditing }: MessageViewProps) {
  const text = useText();
  const written = textOf(message);
  if (isEditing) {
    return (
      <article className="message" aria-label={text("conversation.you")}>
        <MessageEditor
          initial={written}
          onCancel={() => onEditing(undefined)}
          onSend={(edited) => {
            onEditing(undefined);
            onEdit(message, edited);
          }}
        />
      </article>
    );
  }
  return (
    <article className="message group flex flex-col items-end gap-1" aria-label={text("conversation.you")}>
      <div
        lang={languageOf(written)}
        dir="auto"
        className="max-w-[85%] rounded-3xl rounded-ee-lg bg-bubble px-4.5 py-2.5 whitespace-pre-wrap"
      >
        {written}
      </div>
      <Actions isAlwaysShown={versions.includes(" ")} className="-mb-3">
        <Versions versions={versions.split(" ")} shown={message.id} onChoose={onChoose} />
        <CopyButton label={text("conversation.copy")} getText={() => written} />
        <button
          type="button"
          className="icon-button"
          disabled={isBusy}
          aria-label={text("conversation.edit")}
          title={text("conversation.edit")}
          onClick={() => onEditing(message.id)}
        >
          <EditIcon />
        </button>
      </Actions>
    </article>
  );
}

function Answer({ message, versions, live, isLast, isBusy, onRegenerate, onChoose }: MessageViewProps) {
  const text = useText();
  const written = textOf(message);
  const isStreaming = live !== undefined;
  return (
    <article
      className="message group grid grid-cols-[minmax(0,1fr)] gap-x-3.5 gap-y-1 sm:grid-cols-[2rem_minmax(0,1fr)]"
      aria-label={text("conversation.assistant")}
      aria-busy={isStreaming}
    >
      <MynaMark className="mt-0.5 size-7 max-sm:mb-1" isSpeaking={live?.phase === "writing"} />
      <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] gap-2">
        {written !== "" && (
          <div lang={languageOf(written)} className={isStreaming ? "answer-streaming" : undefined}>
            <MarkdownText text={written} isStreaming={isStreaming} />
          </div>
        )}
        {live !== undefined && (live.phase !== "writing" || !live.isConnected) && <LiveStatus live={live} />}
        {!isStreaming && <EndNote message={message} onRetry={() => onRegenerate(message.id)} />}
        {!isStreaming && (
          <Actions isAlwaysShown={isLast || versions.includes(" ")} className="-ms-2">
            <Versions versions={versions.split(" ")} shown={message.id} onChoose={onChoose} />
            {written !== "" && <CopyButton label={text("conversation.copy")} getText={() => written} />}
            <button
              type="button"
              className="icon-button"
              disabled={isBusy}
              aria-label={text("conversation.regenerate")}
              title={text("conversation.regenerate")}
              onClick={() => onRegenerate(message.id)}
            >
              <RegenerateIcon />
            </button>
            <span className="ms-1.5">
              <Measured message={message} />
            </span>
          </Actions>
        )}
      </div>
    </article>
  );
}

/** Older messages show theirs when pointed at or reached by keyboard; where nothing can hover, always. */
function Actions({ isAlwaysShown, className, children }: ActionsProps) {
  const hidden = "can-hover:opacity-0 can-hover:group-hover:opacity-100 group-focus-within:opacity-100";
  return (
    <div className={`flex items-center transition-opacity ${isAlwaysShown ? "" : hidden} ${className ?? ""}`}>
      {children}
    </div>
  );
}

interface ActionsProps {
  isAlwaysShown: boolean;
  className?: string;
  children: ReactNode;
}

interface VersionsProps {
  versions: string[];
  shown: string;
  onChoose: (messageId: string) => void;
}

function Versions({ versions, shown, onChoose }: VersionsProps) {
  const text = useText();
  if (versions.length < 2) return null;
  const index = versions.indexOf(shown);
  const step = (change: number) => () => onChoose(versions[index + change]!);
  return (
    <div className="flex items-center text-sm text-muted tabular-nums">
      <button
        type="button"
        className="icon-button"
        disabled={index === 0}
        onClick={step(-1)}
        aria-label={text("conversation.previousBranch")}
        title={text("conversation.previousBranch")}
      >
        <PreviousIcon />
      </button>
      <span role="img" aria-label={text("conversation.branch", { index: index + 1, count: versions.length })}>
        {index + 1}/{versions.length}
      </span>
      <button
        type="button"
        className="icon-button"
        disabled={index === versions.length - 1}
        onClick={step(1)}
        aria-label={text("conversation.nextBranch")}
        title={text("conversation.nextBranch")}
      >
        <NextIcon />
      </button>
    </div>
  );
}

interface MessageEditorProps {
  initial: string;
  onCancel: () => void;
  onSend: (text: string) => void;
}

function MessageEditor({ initial, onCancel, onSend }: MessageEditorProps) {
  const text = useText();
  const [written, setWritten] = useState(initial);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(initial.length, initial.length);
  }, [initial]);
  const send = () => {
    if (written.trim() !== "") onSend(written);
  };
  return (
    <div className="rounded-3xl border border-edge/45 bg-bubble p-3">
      <textarea
        ref={field}
        value={written}
        aria-label={text("conversation.editLabel")}
        className="field-sizing-content max-h-[40dvh] w-full resize-none bg-transparent px-2 py-1 outline-none"
        onChange={(event) => setWritten(event.target.value)}
        onKeyDown={(event) => {
          const { isComposing, keyCode } = event.nativeEvent;
          if (event.key === "Escape" && !isComposing) {
            event.stopPropagation();
            onCancel();
          } else if (isSendKey({ key: event.key, shiftKey: event.shiftKey, isComposing, keyCode }, true)) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div className="mt-2 flex justify-end gap-2 text-sm">
        <button type="button" className="min-h-9 rounded-full px-4 hover:bg-hover" onClick={onCancel}>
          {text("app.cancel")}
        </button>
        <button
          type="button"
          className="min-h-9 rounded-full bg-accent px-4 font-medium text-on-accent disabled:opacity-50"
          disabled={written.trim() === ""}
          onClick={send}
        >
          {text("conversation.editSend")}
        </button>
      </div>
    </div>
  );
}
