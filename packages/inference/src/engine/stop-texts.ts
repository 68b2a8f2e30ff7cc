/**
 * Finds stop texts in an answer that arrives in pieces, and holds back what may become one.
 * Works on decoded text, so where tokens begin and end makes no difference.
 */

export interface ScannedText {
  /** May be shown: no continuation can make it part of a stop text. */
  readonly text: string;
  /** The stop text that was found; the answer ends before it and nothing may be pushed any more. */
  readonly stopText?: string;
}

/**
 * The stop text that is complete first wins; of several complete at one character, the longest.
 *
 *     scanner for "###": push("a #") → "a ", push("#b") → "##b", push("###") → stop
 */
export class StopScanner {
  readonly #stops: readonly string[];
  /** Shorter than the longest stop text. */
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = [...stops].sort((a, b) => b.length - a.length);
  }

  push(piece: string): ScannedText {
    const text = this.#held + piece;
    const found = this.#firstComplete(text);
    if (found !== undefined) {
      this.#held = "";
      return { text: text.slice(0, found.start), stopText: found.stop };
    }
    const heldFrom = this.#startOfPartialStop(text);
    this.#held = text.slice(heldFrom);
    return { text: text.slice(0, heldFrom) };
  }

  /** What was held back, for an answer that ended otherwise. */
  flush(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #firstComplete(text: string): { start: number; stop: string } | undefined {
    let first: { start: number; end: number; stop: string } | undefined;
    for (const stop of this.#stops) {
      const start = text.indexOf(stop);
      const end = start + stop.length;
      // Sorted by length: at the same end the one found before is longer.
      if (start >= 0 && (first === undefined || end < first.end)) first = { start, end, stop };
    }
    return first;
  }

  /** Where the longest ending of `text` starts that begins a stop text; text.length if none does. */
  #startOfPartialStop(text: string): number {
    const longest = this.#stops[0]?.length ?? 0;
    for (let start = Math.max(0, text.length - longest + 1); start < text.length; start++) {
      const ending = text.slice(start);
      if (this.#stops.some((stop) => stop.startsWith(ending))) return start;
    }
    return text.length;
  }
}
