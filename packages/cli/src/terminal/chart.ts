// A curve drawn with braille characters: each holds two by four dots, so a chart of 60 by 5 characters shows 120 by 20.

/** Bit of each dot in U+2800's block, [row from the top][column]. */
const dotBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

export interface ChartSize {
  /** Characters, the axis included. */
  columns: number;
  /** Lines. */
  rows: number;
}

/**
 * Draws values against their order, with the highest and lowest value on the axis.
 *
 * Values that fall into one column of dots are averaged; neighbouring columns are joined by vertical strokes. The first
 * steps of a training are far above the rest and would flatten everything after them, so values above the
 * 98th percentile are drawn at the top edge.
 *
 * @param values finite numbers, oldest first; others are left out
 * @returns `rows` lines, each at most `columns` wide; empty if there is nothing to draw
 */
export function drawChart(values: readonly number[], size: ChartSize): string[] {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return [];
  const sorted = [...finite].sort((one, other) => one - other);
  const low = sorted[0]!;
  const high = sorted[Math.floor((sorted.length - 1) * 0.98)]!;
  const labels = [formatLabel(high), formatLabel(low)];
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const chartColumns = size.columns - labelWidth - 2;
  if (chartColumns < 4 || size.rows < 1) return [];

  const dotRows = size.rows * 4;
  const means = averageInto(finite, Math.min(chartColumns * 2, finite.length));
  const heights = means.map((value) => {
    const share = high === low ? 0.5 : Math.min(1, (value - low) / (high - low));
    return Math.round((1 - share) * (dotRows - 1)); // 0 is the top
  });
  const cells = Array.from({ length: size.rows }, () => new Uint8Array(chartColumns));
  for (let x = 0; x < heights.length; x++) {
    const previous = heights[Math.max(0, x - 1)]!;
    const current = heights[x]!;
    // The stroke stops one dot short of the previous column's dot, so that slopes look like lines, not like blocks.
    const start = previous === current ? current : previous < current ? previous + 1 : previous - 1;
    for (let y = Math.min(start, current); y <= Math.max(start, current); y++) {
      cells[y >> 2]![x >> 1]! |= dotBits[y & 3]![x & 1]!;
    }
  }
  return cells.map((row, index) => {
    const label = index === 0 ? labels[0]! : index === size.rows - 1 ? labels[1]! : "";
    const curve = Array.from(row, (bits) => String.fromCharCode(0x2800 + bits)).join("");
    return `${label.padStart(labelWidth)} ${label === "" ? "│" : "┤"}${curve}`.replace(/\u2800+$/, "");
  });
}

/** Means of `count` equal stretches of the values. */
function averageInto(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const first = Math.floor((index * values.length) / count);
    const end = Math.max(first + 1, Math.floor(((index + 1) * values.length) / count));
    let sum = 0;
    for (let i = first; i < end; i++) sum += values[i]!;
    return sum / (end - first);
  });
}

function formatLabel(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** "██████░░░░": a bar of `columns` characters, with eighths of a block at its tip. */
export function drawBar(share: number, columns: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * columns * 8);
  const full = Math.floor(eighths / 8);
  const tip = eighths % 8 === 0 ? "" : "▏▎▍▌▋▊▉"[(eighths % 8) - 1]!;
  return "█".repeat(full) + tip + "░".repeat(columns - full - (tip === "" ? 0 : 1));
}
