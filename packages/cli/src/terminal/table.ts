// Columns that line up, Chinese names included.

import { displayWidth, padEnd } from "./width.ts";

/** @param rows cells; a shorter row leaves its last columns empty */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(...rows.map((row) => displayWidth(row[index] ?? ""))),
  );
  return rows.map((row) =>
    row
      .map((cell, index) => padEnd(cell, widths[index]!))
      .join("  ")
      .trimEnd(),
  );
}
