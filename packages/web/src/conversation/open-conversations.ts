// The conversations of this tab, by id. One that is being answered is kept; others are forgotten when many have been opened.

import type { Conversation } from "@myna/protocol";
import { useSyncExternalStore } from "react";
import { type ConversationStore, createConversationStore } from "./store.ts";

const MOST_KEPT = 12;

const stores = new Map<string, ConversationStore>();
const listeners = new Set<() => void>();
let answering: readonly string[] = [];
let onListChange: () => void = () => undefined;

/** Called once, with what refreshes the list. */
export function connectList(refresh: () => void): void {
  onListChange = refresh;
}

const isAnswering = (store: ConversationStore) => Object.keys(store.getState().live).length > 0;

function noteAnswering(): void {
  const ids = [...stores.values()].filter(isAnswering).map(({ id }) => id);
  if (ids.join() === answering.join()) return;
  answering = ids;
  for (const listener of listeners) listener();
}

/** The conversation with this id, loaded now or on its way; `created` is one that was just made and holds nothing yet. */
export function openConversation(id: string, created?: Conversation): ConversationStore {
  const known = stores.get(id);
  if (known !== undefined) return known;
  const store = createConversationStore({ id, onListChange: () => onListChange() });
  stores.set(id, store);
  store.subscribe(noteAnswering);
  for (const [oldId, old] of stores) {
    if (stores.size <= MOST_KEPT) break;
    if (oldId !== id && !isAnswering(old)) stores.delete(oldId);
  }
  if (created === undefined) void store.load();
  else store.adopt(created);
  return store;
}

export function forgetConversation(id: string): void {
  stores.delete(id);
  noteAnswering();
}

/** Ids of the conversations that are being answered in this tab. */
export function useAnswering(): readonly string[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => answering,
  );
}
