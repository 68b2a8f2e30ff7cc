/** Server-sent events as a response: heartbeats while nothing happens, and an end for readers that take nothing. */

export interface EventStreamOptions {
  readonly heartbeatMs: number;
  readonly stallMs: number;
  /** Called once, when the reader left or was dropped; never after a stream that came to its end. */
  readonly onAbandon: () => void;
}

/** One event. JSON has no line breaks of its own, so one data line is enough. */
export function formatEvent({ id, data }: { id?: string | undefined; data: string }): string {
  return `${id === undefined ? "" : `id: ${id}\n`}data: ${data}\n\n`;
}

/** @param frames formatted events; pulled as the reader takes them, and finished early when it leaves */
export function eventStreamResponse(frames: AsyncGenerator<string>, options: EventStreamOptions): Response {
  return new Response(toStream(frames, options), {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      // nginx would otherwise collect the stream.
      "x-accel-buffering": "no",
    },
  });
}

function toStream(
  frames: AsyncGenerator<string>,
  { heartbeatMs, stallMs, onAbandon }: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<string>> | undefined;
  let stall: NodeJS.Timeout | undefined;
  let isDone = false;
  const abandon = () => {
    if (isDone) return;
    isDone = true;
    clearTimeout(stall);
    onAbandon();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(stall);
        // Kept across heartbeats: a frame that is on its way must not be lost.
        next ??= frames.next();
        const frame = await orTimeout(next, heartbeatMs);
        if (isDone) return;
        if (frame === undefined) controller.enqueue(encoder.encode(": still here\n\n"));
        else if (frame.done === true) {
          isDone = true;
          return controller.close();
        } else {
          next = undefined;
          controller.enqueue(encoder.encode(frame.value));
        }
        stall = setTimeout(() => {
          abandon();
          controller.error(new Error("internal: a reader of an event stream took nothing for too long"));
        }, stallMs);
      },
      async cancel() {
        abandon();
        await frames.return(undefined);
      },
    },
    // Nothing is asked of the engine before somebody reads.
    { highWaterMark: 0 },
  );
}

/** Undefined when the time is over first. */
async function orTimeout<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
