/** Reads the traces that sessions write when asked to profile: time by operator, from the fastest run of each node. */
import { readFileSync } from "node:fs";

interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly input_type_shape?: readonly object[] };
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
 * Each node counts with its fastest run: what other processes took from the machine is left out.
 *
 * @param path    a trace of one session
 * @param byShape tell operators apart by the shapes of their inputs as well
 */
export function operatorProfile(path: string, byShape = false): ProfileRow[] {
  const events: TraceEvent[] = JSON.parse(readFileSync(path, "utf8"));
  const nodes = new Map<string, { operator: string; us: number }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
    const shapes = byShape ? ` ${JSON.stringify(args?.input_type_shape ?? []).replaceAll(/[{}"]|float:/g, "")}` : "";
    const operator = `${args?.op_name ?? "?"}${shapes}`;
    nodes.set(name, { operator, us: Math.min(dur, nodes.get(name)?.us ?? Number.POSITIVE_INFINITY) });
  }
  const rows = new Map<string, { us: number; count: number }>();
  for (const { operator, us } of nodes.values()) {
    const row = rows.get(operator) ?? { us: 0, count: 0 };
    rows.set(operator, { us: row.us + us, count: row.count + 1 });
  }
  const total = [...rows.values()].reduce((sum, { us }) => sum + us, 0);
  return [...rows]
    .map(([operator, { us, count }]) => ({ operator, ms: us / 1000, share: us / total, count }))
    .sort((x, y) => y.ms - x.ms);
}
