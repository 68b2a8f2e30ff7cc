// Every shortcut of the page in one table: what the help sheet shows is what the keys do.

import { useEffect, useRef } from "react";

export type ShortcutName =
  | "stop"
  | "focus"
  | "newConversation"
  | "search"
  | "regenerate"
  | "copyLast"
  | "sidebar"
  | "settings"
  | "help";

export interface Shortcut {
  key: string;
  /** Ctrl, or Command on a Mac. */
  withCommand: boolean;
  withShift: boolean;
  /** Does nothing while something is being written, for there it is a letter. */
  isLetter: boolean;
}

const command = (key: string, withShift = false): Shortcut => ({ key, withCommand: true, withShift, isLetter: false });

export const shortcuts: Record<ShortcutName, Shortcut> = {
  stop: { key: "Escape", withCommand: false, withShift: false, isLetter: false },
  focus: { key: "/", withCommand: false, withShift: false, isLetter: true },
  newConversation: command("o", true),
  search: command("k"),
  regenerate: command("g", true),
  copyLast: command("x", true),
  sidebar: command("s", true),
  settings: command(","),
  help: { key: "?", withCommand: false, withShift: false, isLetter: true },
};

export interface PressedKey {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  isComposing: boolean;
}

/** Which shortcut a key press is, if any. */
export function findShortcut(press: PressedKey, isMac: boolean, isWriting: boolean): ShortcutName | undefined {
  if (press.isComposing || press.altKey) return undefined;
  const hasCommand = isMac ? press.metaKey : press.ctrlKey;
  const entry = Object.entries(shortcuts).find(
    ([, { key, withCommand, withShift, isLetter }]) =>
      press.key.toLowerCase() === key.toLowerCase() &&
      hasCommand === withCommand &&
      // Whether "?" and "/" need Shift is the keyboard's affair.
      (isLetter ? !isWriting : press.shiftKey === withShift),
  );
  return entry?.[0] as ShortcutName | undefined;
}

export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

/** For people: ["Ctrl", "Shift", "O"], or ["⌘", "⇧", "O"]. */
export function keysOf({ key, withCommand, withShift }: Shortcut, onMac: boolean): string[] {
  const shownKey = key === "Escape" ? "Esc" : key.toUpperCase();
  return [...(withCommand ? [onMac ? "⌘" : "Ctrl"] : []), ...(withShift ? [onMac ? "⇧" : "Shift"] : []), shownKey];
}

type Actions = Partial<Record<ShortcutName, (() => void) | undefined>>;

/** Runs these while the component is on the screen; an open dialog or menu keeps its keys to itself. */
export function useShortcuts(actions: Actions): void {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role="dialog"], [role="menu"]') !== null) return;
      const isWriting =
        event.target instanceof HTMLElement && event.target.matches("input, textarea, [contenteditable]");
      const name = findShortcut(event, isMac, isWriting);
      const action = name === undefined ? undefined : current.current[name];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
