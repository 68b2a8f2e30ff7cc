// The page of one conversation: joins its store to its view, and keys to actions.

import { use, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { ApiFailure } from "../api/api.ts";
import { failureText } from "../api/failure-text.ts";
import { writeDraft } from "../composer/drafts.ts";
import { focusField } from "../composer/focus-field.ts";
import { useText } from "../i18n/i18n.ts";
import { FieldContext } from "../shell/field-context.ts";
import { useShortcuts } from "../shortcuts/shortcuts.ts";
import { copyText } from "../ui/copy-text.ts";
import { notify } from "../ui/notices.tsx";
import type { MessageCallbacks } from "./message-view.tsx";
import { openConversation } from "./open-conversations.ts";
import { shownBranch } from "./tree.ts";
import { ConversationView } from "./view.tsx";
import { textOf } from "./wire.ts";

interface ConversationPageProps {
  conversationId: string;
}

export function ConversationPage({ conversationId }: ConversationPageProps) {
  const text = useText();
  const { field, refusal, notice } = use(FieldContext);
  const store = useMemo(() => openConversation(conversationId), [conversationId]);
  const state = useSyncExternalStore(store.subscribe, store.getState);
  const [editing, setEditing] = useState<string>();
  const [draftVersion, setDraftVersion] = useState(0);

  // Another tab may have gone on with this conversation.
  useEffect(() => {
    const refresh = () => document.visibilityState === "visible" && void store.load();
    document.addEventListener("visibilitychange", refresh);
    return () => document.removeEventListener("visibilitychange", refresh);
  }, [store]);

  const attempt = useCallback(
    async (action: () => Promise<void>) => {
      try {
        await action();
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        notify({ text: failureText(text, error) });
      }
    },
    [text],
  );

  const callbacks = useMemo<MessageCallbacks>(
    () => ({
      onEdit: (message, edited) => void store.send(edited, message.parentId),
      onRegenerate: (messageId) => {
        focusField(field.current);
        void attempt(() => store.regenerate(messageId));
      },
      onChoose: store.choose,
      onEditing: (messageId) => {
        setEditing(messageId);
        if (messageId === undefined) focusField(field.current);
      },
    }),
    [store, attempt, field],
  );

  const shown = () => shownBranch(store.getState()).map(({ message }) => message);
  const lastAnswer = () => shown().findLast(({ role }) => role === "assistant");
  const isAnswering = Object.keys(state.live).length > 0;
  const stop = () => void attempt(store.stop);
  const editLast = () => {
    const last = shown().findLast(({ role }) => role === "user");
    if (last !== undefined && !isAnswering) setEditing(last.id);
  };
  useShortcuts({
    stop: isAnswering ? stop : undefined,
    regenerate: () => {
      const last = lastAnswer();
      if (last !== undefined && !isAnswering) callbacks.onRegenerate(last.id);
    },
    copyLast: () => {
      const last = lastAnswer();
      if (last === undefined) return;
      copyText(textOf(last)).then(
        () => notify({ text: text("conversation.copied") }),
        () => notify({ text: text("conversation.copyFailed") }),
      );
    },
  });

  return (
    <ConversationView
      key={conversationId}
      conversationId={conversationId}
      state={state}
      editing={editing}
      draftVersion={draftVersion}
      refusal={refusal}
      notice={notice}
      field={field}
      {...callbacks}
      onSend={(written) => void store.send(written)}
      onStop={stop}
      onEditLast={editLast}
      onReload={() => void store.load()}
      onRetrySend={() => void store.retrySend()}
      onAbandonSend={() => {
        writeDraft(conversationId, store.abandonSend());
        setDraftVersion((version) => version + 1);
      }}
    />
  );
}
