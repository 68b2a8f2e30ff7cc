// Colours, or none: NO_COLOR (https://no-color.org), FORCE_COLOR, a dumb terminal and anything that is no terminal decide.

const codes = {
  bold: ["1", "22"],
  dim: ["2", "22"],
  red: ["31", "39"],
  green: ["32", "39"],
  yellow: ["33", "39"],
  blue: ["34", "39"],
  magenta: ["35", "39"],
  cyan: ["36", "39"],
  inverse: ["7", "27"],
} as const satisfies Record<string, readonly [string, string]>;

export type ColourName = keyof typeof codes;

/** One function per colour; each returns its text unchanged when colours are off. */
export type Palette = Record<ColourName, (text: string) => string>;

export function createPalette(isColourful: boolean): Palette {
  const paint =
    ([on, off]: readonly [string, string]) =>
    (text: string) =>
      isColourful ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return Object.fromEntries(Object.entries(codes).map(([name, pair]) => [name, paint(pair)])) as Palette;
}

export function wantsColour(stream: { isTTY?: boolean }, environment: Record<string, string | undefined>): boolean {
  if (environment.NO_COLOR !== undefined && environment.NO_COLOR !== "") return false;
  if (environment.FORCE_COLOR !== undefined && environment.FORCE_COLOR !== "0") return true;
  return stream.isTTY === true && environment.TERM !== "dumb";
}
