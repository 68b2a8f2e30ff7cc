/** Reads the traces that sessions write when asked to profile: time by operator, and by part of the model. */
import { readFileSync } from "node:fs";

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly ts: number;
  readonly args?: {
    readonly op_name?: string;
    readonly output_type_shape?: readonly object[];
    readonly input_type_shape?: readonly object[];
  };
}

export interface ProfileRow {
  readonly operator: string;
  /** Per run. */
  readonly ms: number;
  readonly share: number;
  /** Nodes per run. */
  readonly count: number;
}

/**
 * @param path    a trace of one session
 * @param skip    runs at the start that warm up
 * @param byShape tell operators apart by the shapes of their inputs as well
 */
export function operatorProfile(path: string, skip: number, byShape = false): ProfileRow[] {
  const events: TraceEvent[] = JSON.parse(readFileSync(path, "utf8"));
  const runs = events.filter(({ name }) => name === "model_run");
  const start = runs[skip]?.ts ?? 0;
  const measured = runs.length - skip;
  const rows = new Map<string, { us: number; count: number }>();
  for (const { cat, name, dur, ts, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time") || ts < start) continue;
    const shapes = byShape ? ` ${JSON.stringify(args?.input_type_shape ?? []).replaceAll(/[{}"]|float:/g, "")}` : "";
    const key = `${args?.op_name ?? "?"}${shapes}`;
    const row = rows.get(key) ?? { us: 0, count: 0 };
    row.us += dur;
    row.count++;
    rows.set(key, row);
  }
  const total = [...rows.values()].reduce((sum, { us }) => sum + us, 0);
  return [...rows]
    .map(([operator, { us, count }]) => ({
      operator,
      ms: us / 1000 / measured,
      share: us / total,
      count: count / measured,
    }))
    .sort((x, y) => y.ms - x.ms);
}
