/** What every route is given, and what middleware leaves for it. */
import type { ChatEngine } from "@myna/inference";
import type { AnswerRunner } from "../answers/answer-runner.ts";
import type { Database } from "../database/tables.ts";
import type { Log } from "../log.ts";

export interface AppDependencies {
  readonly engine: ChatEngine;
  readonly database: Database;
  readonly answers: AnswerRunner;
  /** Whose rows these are; one for everybody until there are accounts. */
  readonly ownerId: string;
  readonly log: Log;
  readonly version: string;
  /** Names that a browser may call this server by, without ports: "localhost", "127.0.0.1", "[::1]". */
  readonly allowedHosts: readonly string[];
  /** Built page; absent: the API alone. */
  readonly webFolder?: string | undefined;
  /** True from the moment that the server closes. */
  readonly isClosing: () => boolean;
  readonly limits?: Partial<Limits>;
}

export interface Limits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number;
  /** Longest time for one completion under /v1, waiting included. */
  readonly completionMs: number;
  /** A comment is sent on a silent event stream so often, for proxies that cut silent connections. */
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is dropped. */
  readonly stallMs: number;
}

export const defaultLimits: Limits = {
  bodyBytes: 1_048_576,
  completionMs: 600_000,
  heartbeatMs: 15_000,
  stallMs: 30_000,
};

/** Hono's type parameter of every app and route here. */
export interface AppEnvironment {
  Variables: {
    readonly requestId: string;
    readonly limits: Limits;
  };
}
