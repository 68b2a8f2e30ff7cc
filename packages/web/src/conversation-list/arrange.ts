// Which conversations a search finds, and under which day they stand.

import type { Conversation } from "@myna/protocol";

export type Period = "today" | "yesterday" | "week" | "older";

const fold = (text: string) => text.normalize("NFKC").toLocaleLowerCase();

/** Every word of the query must be in the title; Chinese is found by any part of it. */
export function matchesTitle(title: string, query: string): boolean {
  const folded = fold(title);
  return fold(query)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

/** The day in the reader's own time zone. A time in the future, from a clock that was set back, counts as today. */
export function periodOf(updatedAt: number, now: Date): Period {
  const daysBack = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime();
  if (updatedAt >= daysBack(0)) return "today";
  if (updatedAt >= daysBack(1)) return "yesterday";
  return updatedAt >= daysBack(7) ? "week" : "older";
}

export interface Group {
  period: Period;
  conversations: Conversation[];
}

/** In the order given, which is the server's: latest change first. */
export function groupByPeriod(conversations: Conversation[], now: Date): Group[] {
  const groups = Map.groupBy(conversations, ({ updatedAt }) => periodOf(updatedAt, now));
  return [...groups].map(([period, members]) => ({ period, conversations: members }));
}
