import fc from "fast-check";
import { expect, test } from "vitest";
import { StopScanner } from "./stop-texts.ts";

/** Grows the text one character at a time and looks at its end: slow and obvious. */
function cutSlowly(text: string, stops: readonly string[]): { text: string; stopText?: string } {
  const longestFirst = [...stops].sort((a, b) => b.length - a.length);
  for (let end = 1; end <= text.length; end++) {
    const stop = longestFirst.find((candidate) => text.slice(0, end).endsWith(candidate));
    if (stop !== undefined) return { text: text.slice(0, end - stop.length), stopText: stop };
  }
  return { text };
}

const letters = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom("a", "b", "八"), minLength, maxLength });

test("a stop text is found across any cutting into pieces, and no part of it is shown", () => {
  fc.assert(
    fc.property(
      fc.array(letters(0, 5), { maxLength: 12 }),
      fc.array(letters(1, 4), { maxLength: 3 }),
      (pieces, stops) => {
        const scanner = new StopScanner(stops);
        let shown = "";
        let stopText: string | undefined;
        const expected = cutSlowly(pieces.join(""), stops);
        for (const piece of pieces) {
          const scanned = scanner.push(piece);
          shown += scanned.text;
          expect(expected.text.startsWith(shown)).toBe(true);
          if (scanned.stopText !== undefined) {
            stopText = scanned.stopText;
            break;
          }
        }
        if (stopText === undefined) shown += scanner.flush();
        expect({ shown, stopText }).toEqual({ shown: expected.text, stopText: expected.stopText });
      },
    ),
    { numRuns: 2000 },
  );
});

test("text is held back only while it may become a stop text", () => {
  const scanner = new StopScanner(["###", "User:"]);
  expect(scanner.push("a #")).toEqual({ text: "a " });
  expect(scanner.push("#b")).toEqual({ text: "##b" });
  expect(scanner.push(" Us")).toEqual({ text: " " });
  expect(scanner.push("er")).toEqual({ text: "" });
  expect(scanner.push(": hello")).toEqual({ text: "", stopText: "User:" });
});

test("what is held back at the end of an answer is its text", () => {
  const scanner = new StopScanner(["###"]);
  expect(scanner.push("a ##")).toEqual({ text: "a " });
  expect(scanner.flush()).toBe("##");
});

test("without stop texts everything passes at once", () => {
  expect(new StopScanner([]).push("abc")).toEqual({ text: "abc" });
});
