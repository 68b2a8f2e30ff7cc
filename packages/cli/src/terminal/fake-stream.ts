// A terminal for tests: remembers what was written and plays it on a small screen.

export interface FakeStream {
  isTTY: boolean;
  columns: number;
  /** Everything written, as it was. */
  text: string;
  write(text: string): true;
  /** The lines that a person sees, without colours: understands line feeds, cursor up, and clearing below. */
  screen(): string[];
}

export function createFakeStream(options: { isTTY: boolean; columns?: number }): FakeStream {
  const stream: FakeStream = {
    isTTY: options.isTTY,
    columns: options.columns ?? 80,
    text: "",
    write(text) {
      stream.text += text;
      return true;
    },
    screen() {
      const lines: string[] = [""];
      let row = 0;
      for (const [part] of stream.text.matchAll(/\u001b\[[?0-9;]*[A-Za-z]|\r|\n|[^\u001b\r\n]+/g)) {
        const up = /^\u001b\[(\d+)A$/.exec(part);
        if (part === "\n") {
          row++;
          lines[row] ??= "";
        } else if (up !== null) row = Math.max(0, row - Number(up[1]));
        else if (part === "\u001b[0J") {
          lines.length = row + 1;
          lines[row] = "";
        } else if (!part.startsWith("\u001b") && part !== "\r") lines[row] += part;
      }
      return lines;
    },
  };
  return stream;
}
