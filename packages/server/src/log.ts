/** What the server writes about itself: one JSON object a line, never the text of a message. */

export interface LogEntry {
  readonly level: "info" | "warning" | "error";
  /** What happened: "request", "answer", "start". */
  readonly event: string;
  readonly requestId?: string;
  readonly [field: string]: string | number | boolean | undefined;
}

export type Log = (entry: LogEntry) => void;

/** Lines for machines and people with `grep`; entries below `least` are dropped. */
export function createLineLog(write: (line: string) => void, least: LogEntry["level"] = "info"): Log {
  const ranks = { info: 0, warning: 1, error: 2 } as const;
  return (entry) => {
    if (ranks[entry.level] < ranks[least]) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
  };
}
