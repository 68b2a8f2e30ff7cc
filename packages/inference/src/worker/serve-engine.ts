/** The worker's side: makes an engine and answers messages with it. */
import type { MessagePort } from "node:worker_threads";
import type { ChatEngine, EngineEvent } from "../engine/chat-engine.ts";
import { describeError, type FromWorker, type RequestBody, type ToWorker } from "./messages.ts";

/** One answer under way. */
interface Stream {
  readonly controller: AbortController;
  credits: number;
  hasLeft: boolean;
  wake: (() => void) | undefined;
}

/** Resolves once the engine is made and listens, or was refused; the port is closed then. */
export async function serveEngine(port: MessagePort, create: () => Promise<ChatEngine>): Promise<void> {
  const say = (message: FromWorker) => port.postMessage(message);
  let engine: ChatEngine;
  try {
    engine = await create();
  } catch (error) {
    say({ type: "refused", error: describeError(error) });
    port.close();
    return;
  }
  const streams = new Map<number, Stream>();

  async function answer({ id, body, credits, isAborted }: Extract<ToWorker, { type: "request" }>): Promise<void> {
    const stream: Stream = { controller: new AbortController(), credits, hasLeft: false, wake: undefined };
    streams.set(id, stream);
    if (isAborted) stream.controller.abort();
    try {
      for await (const event of open(body, stream.controller.signal)) {
        if (stream.hasLeft) break;
        say({ type: "event", id, event });
        stream.credits--;
        await untilCredited(stream);
        if (stream.hasLeft) break;
      }
      say({ type: "done", id });
    } catch (error) {
      say({ type: "failed", id, error: describeError(error) });
    } finally {
      streams.delete(id);
    }
  }

  function open(body: RequestBody, signal: AbortSignal): AsyncIterable<EngineEvent> {
    return body.kind === "chat"
      ? engine.chat(body.messages, body.options, signal)
      : engine.complete(body.prompt, body.options, signal);
  }

  async function handle(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "request":
        return answer(message);
      case "credit": {
        const stream = streams.get(message.id);
        if (stream === undefined) return;
        stream.credits += message.credits;
        stream.wake?.();
        return;
      }
      case "abort": {
        const stream = streams.get(message.id);
        if (stream === undefined) return;
        stream.controller.abort();
        // What is left is little, and the slot must not wait for a reader.
        stream.credits = Number.POSITIVE_INFINITY;
        stream.wake?.();
        return;
      }
      case "leave": {
        const stream = streams.get(message.id);
        if (stream === undefined) return;
        stream.hasLeft = true;
        stream.controller.abort();
        stream.wake?.();
        return;
      }
      case "count":
        try {
          say({ type: "counted", id: message.id, tokens: await engine.countTokens(message.messages) });
        } catch (error) {
          say({ type: "failed", id: message.id, error: describeError(error) });
        }
        return;
      case "close":
        await engine.close();
        say({ type: "closed" });
        port.close();
    }
  }

  // A rejection of `handle` is a bug of ours: it ends the worker and is told as its crash.
  port.on("message", (message: ToWorker) => void handle(message));
  say({ type: "ready", model: engine.model });
}

function untilCredited(stream: Stream): Promise<void> | undefined {
  if (stream.credits > 0) return undefined;
  return new Promise((resolve) => {
    stream.wake = () => {
      stream.wake = undefined;
      resolve();
    };
  });
}
