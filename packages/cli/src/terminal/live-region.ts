// The lines at the bottom of a terminal that are redrawn in place, while other lines scroll above them.

import { displayWidth, truncate } from "./width.ts";

/** The parts of a terminal stream that are used; process.stderr has them, and so have the fakes of tests. */
export interface TextStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface LiveRegion {
  /** Replaces the region by these lines, each cut to the terminal's width. */
  draw(lines: readonly string[]): void;
  /** Writes lines that stay, above the region. */
  print(lines: readonly string[]): void;
  /** Leaves the last drawing on the screen and gives the cursor back. */
  close(): void;
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[0J";

export function createLiveRegion(stream: TextStream): LiveRegion {
  let drawn: string[] = [];
  let isHidden = false;
  const columns = () => Math.max(20, stream.columns ?? 80);

  /** Back to the region's first column; a window made narrower has wrapped what was drawn, so rows are counted anew. */
  function rewind(): string {
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / columns())), 0);
    return rows === 0 ? "" : `\r\u001b[${rows}A${clearBelow}`;
  }

  function render(lines: readonly string[]): string {
    // One column stays free: some terminals wrap as soon as the last one is filled.
    const cut = lines.map((line) => truncate(line, columns() - 1));
    const text = rewind() + cut.map((line) => `${line}\n`).join("");
    drawn = cut;
    return text;
  }

  return {
    draw(lines) {
      const prefix = isHidden ? "" : hideCursor;
      isHidden = true;
      stream.write(prefix + render(lines));
    },
    print(lines) {
      const region = drawn;
      const text = rewind() + lines.map((line) => `${line}\n`).join("");
      drawn = [];
      stream.write(text + render(region));
    },
    close() {
      if (isHidden) stream.write(showCursor);
      isHidden = false;
      drawn = [];
    },
  };
}
