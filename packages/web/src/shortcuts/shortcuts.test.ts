import { expect, test } from "vitest";
import { findShortcut, keysOf, type PressedKey, shortcuts } from "./shortcuts.ts";

const press = (key: string, change: Partial<PressedKey> = {}): PressedKey => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  isComposing: false,
  ...change,
});

test("the command key is Ctrl, and ⌘ on a Mac", () => {
  expect(findShortcut(press("k", { ctrlKey: true }), false, true)).toBe("search");
  expect(findShortcut(press("k", { metaKey: true }), true, true)).toBe("search");
  expect(findShortcut(press("k", { ctrlKey: true }), true, true)).toBeUndefined();
  expect(findShortcut(press("O", { ctrlKey: true, shiftKey: true }), false, false)).toBe("newConversation");
});

test("letters are letters while something is written, and keys of an input method are its own", () => {
  expect(findShortcut(press("?", { shiftKey: true }), false, false)).toBe("help");
  expect(findShortcut(press("?", { shiftKey: true }), false, true)).toBeUndefined();
  expect(findShortcut(press("Escape"), false, true)).toBe("stop");
  expect(findShortcut(press("Escape", { isComposing: true }), false, true)).toBeUndefined();
});

test("no two shortcuts share their keys, and the sheet shows them as printed on the keyboard", () => {
  const shown = Object.values(shortcuts).map((shortcut) => keysOf(shortcut, false).join("+"));
  expect(new Set(shown).size).toBe(shown.length);
  expect(keysOf(shortcuts.newConversation, false)).toEqual(["Ctrl", "Shift", "O"]);
  expect(keysOf(shortcuts.newConversation, true)).toEqual(["⌘", "⇧", "O"]);
});
