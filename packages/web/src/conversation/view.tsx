// A conversation on the screen: its messages, the field to write in, and everything that can go wrong in between.
// Receives data and callbacks; conversation-page.tsx connects them.

import { type RefObject, useEffect, useMemo } from "react";
import { failureText } from "../api/failure-text.ts";
import { Composer } from "../composer/composer.tsx";
import { useText } from "../i18n/i18n.ts";
import { JumpIcon, RegenerateIcon, WarningIcon } from "../icons/icons.ts";
import { Announcer } from "./announcer.tsx";
import { useFollowLatest } from "./follow-latest.ts";
import { type MessageCallbacks, MessageView } from "./message-view.tsx";
import { useRecentMessages } from "./recent-messages.ts";
import type { ConversationState, PendingMessage } from "./reducer.ts";
import { languageOf } from "./text-language.ts";
import { type ShownMessage, shownBranch } from "./tree.ts";

interface ConversationViewProps extends MessageCallbacks {
  conversationId: string;
  state: ConversationState;
  editing: string | undefined;
  /** Changes when the draft was changed by others than its field. */
  draftVersion: number;
  refusal: string | undefined;
  /** What to expect of the model, in a line. */
  notice: string;
  field: RefObject<HTMLTextAreaElement | null>;
  onSend: (text: string) => void;
  onStop: () => void;
  onEditLast: () => void;
  onReload: () => void;
  onRetrySend: () => void;
  onAbandonSend: () => void;
}

export function ConversationView(props: ConversationViewProps) {
  const { conversationId, state, refusal, field } = props;
  const text = useText();
  const branch = useMemo(() => shownBranch(state), [state]);
  const { scroller, content, isAtLatest, jumpToLatest } = useFollowLatest(conversationId);
  // One that failed waits for its writer's decision, so that no text is lost to a second one.
  const isSending = state.pending !== undefined;
  const isAnswering = branch.some(({ message }) => state.live[message.id] !== undefined);
  const pendingId = state.pending?.requestId;
  useEffect(() => {
    if (pendingId !== undefined) jumpToLatest();
  }, [pendingId, jumpToLatest]);

  return (
    <>
      <div className="relative min-h-0 flex-1">
        <section
          ref={scroller}
          aria-label={text("conversation.label")}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          className="h-full overflow-y-auto overscroll-contain -outline-offset-2"
        >
          <div
            ref={content}
            className="mx-auto grid w-full max-w-[46rem] grid-cols-[minmax(0,1fr)] gap-6 px-4 pt-6 pb-8 sm:px-6"
          >
            <Messages {...props} branch={branch} scroller={scroller} isBusy={isAnswering || isSending} />
            {state.pending !== undefined && (
              <Pending pending={state.pending} onRetry={props.onRetrySend} onEdit={props.onAbandonSend} />
            )}
          </div>
        </section>
        {!isAtLatest && (
          <button
            type="button"
            onClick={jumpToLatest}
            className="appear absolute start-1/2 bottom-3 flex min-h-9 -translate-x-1/2 items-center gap-1.5 rounded-full border border-line bg-raised px-3.5 text-sm shadow-raised hover:border-edge"
          >
            <JumpIcon className="size-4" aria-hidden="true" />
            {text("conversation.jump")}
          </button>
        )}
      </div>
      <Announcer state={state} />
      <div className="mx-auto w-full max-w-[46rem] px-3 sm:px-6">
        <Composer
          key={props.draftVersion}
          draftId={conversationId}
          field={field}
          isAnswering={isAnswering}
          refusal={refusal ?? (isSending || state.loading !== "ready" ? text("status.sending") : undefined)}
          onSend={props.onSend}
          onStop={props.onStop}
          onEditLast={props.onEditLast}
        />
        <p className="px-3 pt-2 pb-[max(0.6rem,env(safe-area-inset-bottom))] text-center text-xs text-balance text-muted">
          {refusal ?? props.notice}
        </p>
      </div>
    </>
  );
}

interface MessagesProps extends ConversationViewProps {
  branch: ShownMessage[];
  scroller: RefObject<HTMLElement | null>;
  isBusy: boolean;
}

function Messages(props: MessagesProps) {
  const { state, branch, editing, isBusy, onEdit, onRegenerate, onChoose, onEditing, onReload } = props;
  const text = useText();
  const { count, edge, showOlder } = useRecentMessages(branch.length, props.scroller);
  if (state.loading === "loading" && branch.length === 0) {
    return state.pending === undefined && <Skeleton label={text("conversation.loading")} />;
  }
  if (state.loading === "missing") return <Problem says={text("conversation.missing")} />;
  if (state.loading === "failed") return <Problem says={text("conversation.loadFailed")} onRetry={onReload} />;
  const recent = branch
    .slice(-count)
    .map(({ message, versions }) => (
      <MessageView
        key={message.id}
        message={message}
        versions={versions.join(" ")}
        live={state.live[message.id]}
        isLast={message === branch.at(-1)?.message}
        isEditing={editing === message.id}
        isBusy={isBusy}
        onEdit={onEdit}
        onRegenerate={onRegenerate}
        onChoose={onChoose}
        onEditing={onEditing}
      />
    ));
  return (
    <>
      {recent.length < branch.length && (
        <button
          ref={edge}
          type="button"
          onClick={showOlder}
          className="min-h-9 justify-self-center rounded-full px-4 text-sm text-muted hover:bg-hover hover:text-ink"
        >
          {text("conversation.older")}
        </button>
      )}
      {recent}
    </>
  );
}

interface PendingProps {
  pending: PendingMessage;
  onRetry: () => void;
  onEdit: () => void;
}

function Pending({ pending, onRetry, onEdit }: PendingProps) {
  const text = useText();
  const button = "min-h-8 rounded-lg border border-edge/60 px-2.5 text-ink hover:bg-hover";
  return (
    <div className="flex flex-col items-end gap-1.5">
      <div
        lang={languageOf(pending.text)}
        dir="auto"
        className={`max-w-[85%] rounded-3xl rounded-ee-lg bg-bubble px-4.5 py-2.5 whitespace-pre-wrap ${pending.failure === undefined ? "opacity-70" : ""}`}
      >
        {pending.text}
      </div>
      {pending.failure !== undefined && (
        <div role="alert" className="flex flex-wrap items-center justify-end gap-2 text-sm text-danger">
          <span>{text("status.sendFailed", { message: failureText(text, pending.failure) })}</span>
          <button type="button" className={button} onClick={onRetry}>
            {text("app.retry")}
          </button>
          <button type="button" className={button} onClick={onEdit}>
            {text("conversation.edit")}
          </button>
        </div>
      )}
    </div>
  );
}

function Problem({ says, onRetry }: { says: string; onRetry?: () => void }) {
  const text = useText();
  return (
    <div role="alert" className="grid justify-items-center gap-3 py-20 text-center text-muted">
      <WarningIcon className="size-6" aria-hidden="true" />
      <p>{says}</p>
      {onRetry !== undefined && (
        <button
          type="button"
          onClick={onRetry}
          className="inline-flex min-h-9 items-center gap-2 rounded-lg border border-edge/60 px-3 text-sm text-ink hover:bg-hover"
        >
          <RegenerateIcon className="size-4" aria-hidden="true" />
          {text("app.retry")}
        </button>
      )}
    </div>
  );
}

function Skeleton({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className="grid gap-4">
      {["w-2/5 justify-self-end", "w-11/12", "w-4/5", "w-3/5"].map((width) => (
        <div key={width} className={`h-5 animate-pulse rounded-full bg-bubble ${width}`} />
      ))}
    </div>
  );
}
