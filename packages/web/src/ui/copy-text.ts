// Puts a text on the clipboard, also where the page came over plain HTTP from another machine and browsers offer no clipboard.

/** @throws {Error} when the browser refuses */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  const focused = document.activeElement;
  document.body.append(field);
  field.select();
  // Deprecated, and the only way without a secure connection.
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!isCopied) throw new Error("the browser refused to copy");
}
