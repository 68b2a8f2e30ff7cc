// What the Enter key means while writing.

export interface EnterKey {
  key: string;
  shiftKey: boolean;
  /** A Chinese, Japanese or Korean word is being chosen; Enter belongs to the input method then. */
  isComposing: boolean;
  /** 229 while an input method is at work; Safari ends the composition before it tells of the Enter key. */
  keyCode: number;
}

/**
 * @param hasPointer false on a phone, where Enter makes a new line and the button sends
 */
export function isSendKey({ key, shiftKey, isComposing, keyCode }: EnterKey, hasPointer: boolean): boolean {
  return key === "Enter" && hasPointer && !shiftKey && !isComposing && keyCode !== 229;
}
