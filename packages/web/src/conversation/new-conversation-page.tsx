// The page before a conversation exists: the welcome, and the field whose first message makes one.

import { useNavigate } from "@tanstack/react-router";
import { use, useState } from "react";
import { errorText } from "../api/failure-text.ts";
import { Composer } from "../composer/composer.tsx";
import { NEW_CONVERSATION, writeDraft } from "../composer/drafts.ts";
import { createConversation } from "../conversation-list/list-data.ts";
import { useText } from "../i18n/i18n.ts";
import { FieldContext } from "../shell/field-context.ts";
import { notify } from "../ui/notices.tsx";
import { openConversation } from "./open-conversations.ts";
import { Welcome } from "./welcome.tsx";

export function NewConversationPage() {
  const text = useText();
  const navigate = useNavigate();
  const { field, refusal, notice } = use(FieldContext);
  const [isStarting, setIsStarting] = useState(false);
  const [draftVersion, setDraftVersion] = useState(0);
  const start = async (message: string) => {
    setIsStarting(true);
    try {
      const conversation = await createConversation();
      void openConversation(conversation.id, conversation).send(message);
      await navigate({ to: "/c/$conversationId", params: { conversationId: conversation.id } });
    } catch (error) {
      writeDraft(NEW_CONVERSATION, message);
      setDraftVersion((version) => version + 1);
      notify({ text: text("status.sendFailed", { message: errorText(text, error) }) });
    } finally {
      setIsStarting(false);
    }
  };
  return (
    <>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Welcome isDisabled={isStarting || refusal !== undefined} onStart={(question) => void start(question)} />
      </div>
      <div className="mx-auto w-full max-w-[46rem] px-3 sm:px-6">
        <Composer
          key={draftVersion}
          draftId={NEW_CONVERSATION}
          field={field}
          isAnswering={false}
          refusal={refusal ?? (isStarting ? text("status.sending") : undefined)}
          onSend={(message) => void start(message)}
          onStop={() => undefined}
        />
        <p className="px-3 pt-2 pb-[max(0.6rem,env(safe-area-inset-bottom))] text-center text-xs text-balance text-muted">
          {refusal ?? notice}
        </p>
      </div>
    </>
  );
}
