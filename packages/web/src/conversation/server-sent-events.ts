// The format of server-sent events, read from a response's body. See https://html.spec.whatwg.org/multipage/server-sent-events.html

export interface ServerSentEvent {
  /** The latest id seen, as the standard has it; "" before the first. */
  id: string;
  data: string;
}

/**
 * Cuts decoded text into events, whatever the pieces it arrives in.
 *
 * @returns push: feeds a piece and gives the events completed by it
 */
export function createEventParser(): { push: (piece: string) => ServerSentEvent[] } {
  let rest = "";
  let id = "";
  let data: string[] = [];

  function* readLine(line: string): Generator<ServerSentEvent> {
    if (line === "") {
      if (data.length > 0) yield { id, data: data.join("\n") };
      data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    if (field === "id") id = value;
  }

  return {
    push(piece) {
      rest += piece;
      // A carriage return at the very end may be half of a line break.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop()!;
      return lines.flatMap((line) => [...readLine(line)]);
    },
  };
}
