// Gives the focus back to the field after something else was pressed, so that writing can go on and the focus is never lost.

/** Not on a touch screen, where a keyboard would slide over the conversation unasked. */
export function focusField(field: HTMLElement | null): void {
  if (matchMedia("(hover: hover)").matches) field?.focus();
}
