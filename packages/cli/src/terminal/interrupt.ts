// Ctrl-C in two steps: the first asks the work to save and end, the second ends the process at once.

import { exitCodes } from "../errors.ts";

/** A copy of the same key press, passed on by a parent process, arrives within this time; a person is slower. */
const COPY_MS = 150;

export interface Interrupt {
  /** Aborted by the first Ctrl-C (or SIGTERM); its reason is the signal's name. */
  signal: AbortSignal;
  /** Stops listening: Ctrl-C ends the process again as if nobody had asked. */
  release(): void;
}

export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): unknown;
}

/**
 * @param say is told once, on the first signal, so that a person knows that saving takes a moment
 */
export function listenForInterrupt(
  say: (signal: NodeJS.Signals) => void,
  source: SignalSource = process,
  now: () => number = Date.now,
): Interrupt {
  const controller = new AbortController();
  let first: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (first === undefined) {
      first = now();
      say(signal);
      controller.abort(signal);
    } else if (now() - first > COPY_MS) {
      source.exit(exitCodes.interrupted);
    }
  };
  source.on("SIGINT", listener);
  source.on("SIGTERM", listener);
  return {
    signal: controller.signal,
    release() {
      source.off("SIGINT", listener);
      source.off("SIGTERM", listener);
    },
  };
}
