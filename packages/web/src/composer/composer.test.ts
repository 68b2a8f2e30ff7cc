import { expect, test } from "vitest";
import { readDraft, writeDraft } from "./drafts.ts";
import { isSendKey } from "./keys.ts";

const enter = { key: "Enter", shiftKey: false, isComposing: false, keyCode: 13 };

test("Enter sends; with Shift, on a phone, or with other keys nothing is sent", () => {
  expect(isSendKey(enter, true)).toBe(true);
  expect(isSendKey({ ...enter, shiftKey: true }, true)).toBe(false);
  expect(isSendKey(enter, false)).toBe(false);
  expect(isSendKey({ ...enter, key: "a", keyCode: 65 }, true)).toBe(false);
});

test("Enter that chooses a word of an input method sends nothing, in Safari neither", () => {
  expect(isSendKey({ ...enter, isComposing: true }, true)).toBe(false);
  expect(isSendKey({ ...enter, keyCode: 229 }, true)).toBe(false);
});

function memoryStorage() {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => void values.set(key, value),
    removeItem: (key: string) => void values.delete(key),
    values,
  };
}

test("each conversation keeps its own draft, and an emptied one leaves nothing behind", () => {
  const storage = memoryStorage();
  writeDraft("a", "你好", storage);
  writeDraft("b", "hello", storage);
  expect([readDraft("a", storage), readDraft("b", storage), readDraft("c", storage)]).toEqual(["你好", "hello", ""]);
  writeDraft("a", "", storage);
  expect([...storage.values.keys()]).toEqual(["myna.draft.b"]);
});

test("a draft that the browser cannot keep is no error", () => {
  const full = {
    ...memoryStorage(),
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  expect(() => writeDraft("a", "x".repeat(100), full)).not.toThrow();
});
