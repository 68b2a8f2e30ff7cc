// The conversations by day, with a search through their titles.

import type { Conversation } from "@myna/protocol";
import { type RefObject, useEffect, useMemo, useState } from "react";
import type { TextKey } from "../i18n/catalogue.ts";
import { useText } from "../i18n/i18n.ts";
import { CloseIcon, SearchIcon } from "../icons/icons.ts";
import { groupByPeriod, matchesTitle, type Period } from "./arrange.ts";
import { useConversations } from "./list-data.ts";
import { ListItem } from "./list-item.tsx";

const periodNames: Record<Period, TextKey> = {
  today: "list.today",
  yesterday: "list.yesterday",
  week: "list.week",
  older: "list.older",
};

interface ConversationListProps {
  searchField: RefObject<HTMLInputElement | null>;
  answering: readonly string[];
  onRename: (conversation: Conversation, title: string) => void;
  onDelete: (conversation: Conversation) => void;
  /** A conversation was chosen; a drawer may close. */
  onFollow: () => void;
}

export function ConversationList({ searchField, answering, onRename, onDelete, onFollow }: ConversationListProps) {
  const text = useText();
  const [query, setQuery] = useState("");
  const { conversations, isPending, isError, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useConversations();
  const isSearching = query.trim() !== "";
  const found = useMemo(
    () => (isSearching ? conversations.filter(({ title }) => matchesTitle(title ?? "", query.trim())) : conversations),
    [conversations, isSearching, query],
  );
  // A search goes through all pages, not only those that were scrolled to.
  useEffect(() => {
    if (isSearching && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [isSearching, hasNextPage, isFetchingNextPage, fetchNextPage]);

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="relative mx-3 mb-2">
        <SearchIcon
          className="pointer-events-none absolute inset-y-0 start-2.5 my-auto size-4 text-muted"
          aria-hidden="true"
        />
        <input
          ref={searchField}
          type="search"
          value={query}
          aria-label={text("list.search")}
          placeholder={text("list.search")}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && query !== "") {
              event.stopPropagation();
              event.preventDefault();
              setQuery("");
            }
          }}
          className="h-9 w-full appearance-none rounded-xl border border-transparent bg-hover ps-8.5 pe-8 text-sm placeholder:text-muted focus:border-edge focus:bg-page [&::-webkit-search-cancel-button]:hidden"
        />
        {query !== "" && (
          <button
            type="button"
            className="absolute inset-y-0 end-1 my-auto size-7 rounded-lg text-muted hover:text-ink"
            aria-label={text("list.clearSearch")}
            onClick={() => {
              setQuery("");
              searchField.current?.focus();
            }}
          >
            <CloseIcon className="mx-auto size-4" />
          </button>
        )}
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto px-2 pb-3">
        {groupByPeriod(found, new Date()).map(({ period, conversations: members }) => (
          <section key={period} aria-label={text(periodNames[period])}>
            <h2 className="px-3 pt-3 pb-1 text-xs font-medium text-muted">{text(periodNames[period])}</h2>
            <ul className="grid grid-cols-[minmax(0,1fr)] gap-px">
              {members.map((conversation) => (
                <ListItem
                  key={conversation.id}
                  conversation={conversation}
                  isAnswering={answering.includes(conversation.id)}
                  onRename={(title) => onRename(conversation, title)}
                  onDelete={() => onDelete(conversation)}
                  onFollow={onFollow}
                />
              ))}
            </ul>
          </section>
        ))}
        {isError && (
          <p role="alert" className="px-3 py-2 text-sm text-danger">
            {text("list.failed")}{" "}
            <button type="button" className="underline underline-offset-4" onClick={() => void refetch()}>
              {text("app.retry")}
            </button>
          </p>
        )}
        {!isPending && !isError && found.length === 0 && (
          <p className="px-3 py-2 text-sm text-muted">
            {isSearching ? text("list.noMatch", { query: query.trim() }) : text("list.empty")}
          </p>
        )}
        {hasNextPage && !isSearching && (
          <button
            type="button"
            disabled={isFetchingNextPage}
            onClick={() => void fetchNextPage()}
            className="mt-2 w-full rounded-xl py-2 text-sm text-muted hover:bg-hover hover:text-ink"
          >
            {text("list.more")}
          </button>
        )}
      </div>
    </div>
  );
}
