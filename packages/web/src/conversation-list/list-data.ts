// The list of conversations as the server has it, and changes to it. A deletion waits until it can no longer be undone.

import type { Conversation, ConversationResponse, ListConversationsResponse } from "@myna/protocol";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { request, requestJson } from "../api/api.ts";
import { createPendingDeletions } from "./pending-deletions.ts";

export const listKey = ["conversations"];
const PAGE_SIZE = 100;

const pathOf = (id: string) => `/api/conversations/${encodeURIComponent(id)}`;

export const deletions = createPendingDeletions(async (id, isLeaving) => {
  await request(pathOf(id), { method: "DELETE", keepalive: isLeaving });
});
// Leaving the page is no undoing: what was deleted stays deleted.
globalThis.addEventListener?.("pagehide", () => deletions.finishAll());

export function useConversations() {
  const hidden = useSyncExternalStore(deletions.subscribe, deletions.hidden);
  const query = useInfiniteQuery({
    queryKey: listKey,
    queryFn: ({ pageParam }) =>
      requestJson<ListConversationsResponse>(
        `/api/conversations?limit=${PAGE_SIZE}${pageParam === null ? "" : `&cursor=${encodeURIComponent(pageParam)}`}`,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });
  const conversations = useMemo(() => {
    const all = query.data?.pages.flatMap((page) => page.conversations) ?? [];
    // An entry that moved between two pages while they were read is in both.
    const unique = new Map(all.map((conversation) => [conversation.id, conversation]));
    return [...unique.values()].filter(({ id }) => !hidden.has(id));
  }, [query.data, hidden]);
  return { ...query, conversations };
}

export function createConversation(): Promise<Conversation> {
  return requestJson<ConversationResponse>("/api/conversations", { method: "POST", body: {} }).then(
    ({ conversation }) => conversation,
  );
}

export function useRename() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, title }: { id: string; title: string }) =>
      requestJson<ConversationResponse>(pathOf(id), { method: "PATCH", body: { title } }),
    onSettled: () => client.invalidateQueries({ queryKey: listKey }),
  });
}
