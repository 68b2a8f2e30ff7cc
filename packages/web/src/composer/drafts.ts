// What was written and not yet sent, kept per conversation until it is sent: through reloads, crashes and switching.

const PREFIX = "myna.draft.";
/** Where the draft of a conversation that does not exist yet is kept. */
export const NEW_CONVERSATION = "new";

export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export function readDraft(conversationId: string, storage: DraftStorage = localStorage): string {
  return storage.getItem(PREFIX + conversationId) ?? "";
}

export function writeDraft(conversationId: string, text: string, storage: DraftStorage = localStorage): void {
  if (text === "") storage.removeItem(PREFIX + conversationId);
  else {
    try {
      storage.setItem(PREFIX + conversationId, text);
    } catch (error) {
      // A draft larger than the browser's quota stays in the field; it only cannot survive a reload.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
