import { expect, test, vi } from "vitest";
import { groupByPeriod, matchesTitle, periodOf } from "./arrange.ts";
import { createPendingDeletions } from "./pending-deletions.ts";

test("a title is found by all words in any order, by part of a Chinese one, and in any width or case", () => {
  expect(matchesTitle("A story about a Bird", "bird story")).toBe(true);
  expect(matchesTitle("讲一个小鸟的故事", "小鸟")).toBe(true);
  expect(matchesTitle("ＡＢＣ", "abc")).toBe(true);
  expect(matchesTitle("A story", "story bird")).toBe(false);
  expect(matchesTitle("anything", "")).toBe(true);
});

test("days are counted from midnight where the reader is", () => {
  const now = new Date(2026, 2, 10, 0, 5);
  const at = (day: number, hour: number) => new Date(2026, 2, day, hour).getTime();
  expect(periodOf(at(10, 0), now)).toBe("today");
  expect(periodOf(at(9, 23), now)).toBe("yesterday");
  expect(periodOf(at(3, 0), now)).toBe("week");
  expect(periodOf(at(2, 23), now)).toBe("older");
  expect(periodOf(at(11, 0), now)).toBe("today");
});

test("groups keep the server's order", () => {
  const conversation = (id: string, updatedAt: number) => ({
    id,
    title: id,
    systemPrompt: null,
    createdAt: 0,
    updatedAt,
  });
  const now = new Date(2026, 2, 10, 12);
  const [a, b, c] = [conversation("a", now.getTime()), conversation("b", now.getTime() - 1), conversation("c", 0)];
  expect(groupByPeriod([a, b, c], now)).toEqual([
    { period: "today", conversations: [a, b] },
    { period: "older", conversations: [c] },
  ]);
});

test("a deletion is hidden at once, undone in time, and done for good afterwards", async () => {
  vi.useFakeTimers();
  const removed: string[] = [];
  const deletions = createPendingDeletions(async (id) => void removed.push(id), 100);
  const undo = deletions.begin("a", () => undefined);
  deletions.begin("b", () => undefined);
  expect([...deletions.hidden()]).toEqual(["a", "b"]);
  expect(undo()).toBe(true);
  expect([...deletions.hidden()]).toEqual(["b"]);
  await vi.advanceTimersByTimeAsync(100);
  expect(removed).toEqual(["b"]);
  expect(undo()).toBe(false);
  expect([...deletions.hidden()]).toEqual(["b"]);
  vi.useRealTimers();
});

test("leaving the page finishes what was deleted, and a deletion that fails comes back", async () => {
  const calls: [string, boolean][] = [];
  const deletions = createPendingDeletions(async (id, isLeaving) => {
    calls.push([id, isLeaving]);
    if (id === "bad") throw new Error("refused");
  }, 60_000);
  let failures = 0;
  deletions.begin("good", () => failures++);
  deletions.begin("bad", () => failures++);
  deletions.finishAll();
  await vi.waitFor(() => expect(failures).toBe(1));
  expect(calls).toEqual([
    ["good", true],
    ["bad", true],
  ]);
  expect([...deletions.hidden()]).toEqual(["good"]);
});
