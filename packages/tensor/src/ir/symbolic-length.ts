/**
 * Axis lengths that are not known when a program is traced (the batch of a decoding step, the tokens of a prompt).
 * A symbol is a negative integer, so shapes stay lists of numbers and equality of symbols is equality of numbers.
 */
const names = new Map<number, string>();
const symbols = new Map<string, number>();

/** The symbol of a name; the same name always gives the same symbol. */
export function symbolicLength(name: string): number {
  let symbol = symbols.get(name);
  if (symbol === undefined) {
    symbol = -(symbols.size + 2); // -1 keeps ONNX's meaning "infer me" in reshapes
    symbols.set(name, symbol);
    names.set(symbol, name);
  }
  return symbol;
}

export function isSymbolic(length: number): boolean {
  return length < -1;
}

/** A length as people read it: the number, or the symbol's name. */
export function lengthName(length: number): string {
  return names.get(length) ?? String(length);
}
