import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineBusyError } from "../errors.ts";
import { RequestQueue, type Ticket } from "./request-queue.ts";

test("requests get slots in the order they came, whoever leaves when", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 6 }), { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), (actions, slots) => {
      const queue = new RequestQueue({ slots, limit: Number.POSITIVE_INFINITY });
      let alive: Ticket[] = [];
      for (const action of actions) {
        if (action < 3 || alive.length === 0) alive.push(queue.enter());
        else {
          const leaving = alive[(action * 7) % alive.length]!;
          leaving.leave();
          leaving.leave();
          alive = alive.filter((ticket) => ticket !== leaving);
        }
        expect(alive.map((ticket) => ticket.hasSlot)).toEqual(alive.map((_, index) => index < slots));
        expect(alive.map((ticket) => ticket.ahead)).toEqual(alive.map((_, index) => (index < slots ? 0 : index)));
        expect(queue.running).toBe(Math.min(slots, alive.length));
      }
    }),
  );
});

test("who waits is told when the line moves, and wakes when its signal aborts", async () => {
  const queue = new RequestQueue({ slots: 1, limit: 5 });
  const first = queue.enter();
  const second = queue.enter();
  const third = queue.enter();
  expect(third.ahead).toBe(2);
  const moved = third.moved();
  second.leave();
  await moved;
  expect(third.ahead).toBe(1);
  const controller = new AbortController();
  const aborted = third.moved(controller.signal);
  controller.abort();
  await aborted;
  first.leave();
  await third.moved();
  expect(third.hasSlot).toBe(true);
});

test("a full queue refuses and says when to come again", () => {
  const queue = new RequestQueue({ slots: 1, limit: 1 });
  queue.enter();
  queue.enter();
  expect(() => queue.enter(3)).toThrow(EngineBusyError);
  expect(() => queue.enter(3)).toThrow("try again in 3 s");
});
