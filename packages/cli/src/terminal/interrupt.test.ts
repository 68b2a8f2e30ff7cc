import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { listenForInterrupt } from "./interrupt.ts";

function setUp() {
  const exits: number[] = [];
  const source = Object.assign(new EventEmitter(), { exit: (code: number) => exits.push(code) });
  const said: string[] = [];
  let clock = 0;
  const interrupt = listenForInterrupt(
    (signal) => said.push(signal),
    source,
    () => clock,
  );
  return { source, exits, said, interrupt, wait: (ms: number) => (clock += ms) };
}

test("the first Ctrl-C asks, the second exits with 130", () => {
  const { source, exits, said, interrupt, wait } = setUp();
  source.emit("SIGINT", "SIGINT");
  expect(interrupt.signal.aborted).toBe(true);
  expect(exits).toEqual([]);
  wait(1000);
  source.emit("SIGINT", "SIGINT");
  expect(exits).toEqual([130]);
  expect(said).toEqual(["SIGINT"]);
});

test("the copy of one key press that a parent process passes on is not a second one", () => {
  const { source, exits, wait } = setUp();
  source.emit("SIGINT", "SIGINT");
  wait(20);
  source.emit("SIGINT", "SIGINT");
  expect(exits).toEqual([]);
});

test("after release nobody listens", () => {
  const { source, interrupt } = setUp();
  interrupt.release();
  expect(source.listenerCount("SIGINT") + source.listenerCount("SIGTERM")).toBe(0);
});
