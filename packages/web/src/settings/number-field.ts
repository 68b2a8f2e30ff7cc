// Numbers as people type them into the settings.

/**
 * The number in a text, or undefined for an empty one, which leaves the choice to the model; null for a text that is no number in
 * the range.
 */
export function readNumber(text: string, least: number, most: number, isWhole: boolean): number | undefined | null {
  // A Chinese keyboard types full-width digits and points.
  const plain = text.normalize("NFKC").replace("。", ".").trim();
  if (plain === "") return undefined;
  const value = Number(plain);
  const fits = value >= least && value <= most && (!isWhole || Number.isSafeInteger(value));
  return fits ? value : null;
}
