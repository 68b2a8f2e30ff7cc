/** A bounded line of requests before a number of slots, first come first served. Knows nothing of what they ask. */
import { EngineBusyError } from "../errors.ts";

export interface Ticket {
  /** Requests that will be answered first, those running included; 0 once it has a slot. */
  readonly ahead: number;
  readonly hasSlot: boolean;
  /** Resolves when `ahead` is not what it was at the last call (or at `enter`), or when the signal aborts. */
  moved(signal?: AbortSignal): Promise<void>;
  /** Gives up the place or the slot; a second call does nothing. */
  leave(): void;
}

class Place implements Ticket {
  hasSlot = false;
  ahead = 0;
  #seen = 0;
  #wake: (() => void) | undefined;
  readonly leave: () => void;

  constructor(leave: (place: Place) => void) {
    this.leave = () => leave(this);
  }

  /** The queue tells where the request stands now. */
  update(ahead: number, hasSlot: boolean): void {
    this.ahead = ahead;
    this.hasSlot = hasSlot;
    if (this.#wake !== undefined) this.#wake();
  }

  markSeen(): void {
    this.#seen = this.ahead;
  }

  async moved(signal?: AbortSignal): Promise<void> {
    if (this.ahead === this.#seen && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          if (this.ahead !== this.#seen) resolve();
        };
        signal?.addEventListener("abort", () => resolve(), { once: true });
      });
      this.#wake = undefined;
    }
    this.#seen = this.ahead;
  }
}

export class RequestQueue {
  readonly #slots: number;
  readonly #limit: number;
  readonly #running = new Set<Place>();
  #waiting: Place[] = [];

  /** @param limit requests that may wait beyond those that run */
  constructor({ slots, limit }: { readonly slots: number; readonly limit: number }) {
    this.#slots = slots;
    this.#limit = limit;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * @param retryAfterSeconds told to who is refused
   * @throws {EngineBusyError} when `limit` requests wait already
   */
  enter(retryAfterSeconds = 1): Ticket {
    if (this.#running.size >= this.#slots && this.#waiting.length >= this.#limit) {
      throw new EngineBusyError(
        {
          where: "engine",
          found: `${this.#waiting.length} requests waiting`,
          expected: `fewer than ${this.#limit}`,
          fix: `try again in ${retryAfterSeconds} s, or raise the queue's limit`,
        },
        retryAfterSeconds,
      );
    }
    const place = new Place((leaving) => this.#remove(leaving));
    this.#waiting.push(place);
    this.#advance();
    place.markSeen();
    return place;
  }

  #remove(place: Place): void {
    this.#running.delete(place);
    this.#waiting = this.#waiting.filter((other) => other !== place);
    this.#advance();
  }

  /** In one go, so that no newcomer can take a slot that became free. */
  #advance(): void {
    while (this.#running.size < this.#slots && this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      this.#running.add(next);
      next.update(0, true);
    }
    this.#waiting.forEach((place, index) => {
      place.update(this.#running.size + index, false);
    });
  }
}
