import fc from "fast-check";
import { expect, test } from "vitest";
import { drawBar, drawChart } from "./chart.ts";
import { displayWidth } from "./width.ts";

test("a falling loss is drawn as a falling line", () => {
  const losses = Array.from({ length: 60 }, (_, step) => 4 * Math.exp(-step / 15) + 1);
  expect(drawChart(losses, { columns: 36, rows: 4 })).toMatchSnapshot();
});

test("a straight line goes from corner to corner", () => {
  expect(drawChart([0, 1, 2, 3, 4, 5, 6, 7], { columns: 20, rows: 2 })).toEqual(
    ["6.00 ┤⠀⠀⡠⠞", "0.00 ┤⡠⠞"].map((line) => expect.stringMatching(line.slice(0, 6))),
  );
});

test("first steps far above the rest do not flatten the curve", () => {
  const losses = [1000, ...Array.from({ length: 99 }, (_, step) => 2 - step / 100)];
  expect(drawChart(losses, { columns: 40, rows: 3 })[0]).toContain("1.99");
});

test("fewer than two values, or no room, give no chart", () => {
  expect(drawChart([1], { columns: 40, rows: 3 })).toEqual([]);
  expect(drawChart([1, Number.NaN], { columns: 40, rows: 3 })).toEqual([]);
  expect(drawChart([1, 2], { columns: 8, rows: 3 })).toEqual([]);
});

test("no chart is wider or higher than asked, whatever the values", () => {
  const values = fc.array(fc.double({ noNaN: false, min: -1e6, max: 1e6 }), { maxLength: 300 });
  fc.assert(
    fc.property(values, fc.integer({ min: 10, max: 90 }), fc.integer({ min: 1, max: 8 }), (numbers, columns, rows) => {
      const lines = drawChart(numbers, { columns, rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }),
    { seed: 5 },
  );
});

test("a bar always has its columns", () => {
  expect(drawBar(0, 8)).toBe("░░░░░░░░");
  expect(drawBar(0.5, 8)).toBe("████░░░░");
  expect(drawBar(0.53, 8)).toBe("████▎░░░");
  expect(drawBar(1, 8)).toBe("████████");
  fc.assert(
    fc.property(fc.double({ min: -1, max: 2, noNaN: true }), (share) => drawBar(share, 10).length === 10),
    { seed: 1 },
  );
});
