import fc from "fast-check";
import { expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half-floats.ts";

test("every bfloat16 survives the way to float32 and back, NaN as some NaN", () => {
  const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
  const back = float32ToBfloat16(bfloat16ToFloat32(all));
  for (const bits of all) {
    const isNotANumber = (bits & 0x7fff) > 0x7f80;
    if (isNotANumber) expect(back[bits]! & 0x7fff).toBeGreaterThan(0x7f80);
    else if (back[bits] !== bits) expect.fail(`${bits} came back as ${back[bits]}`);
  }
});

test("float32ToBfloat16 rounds to the nearest, ties to even", () => {
  const oneAndUlps = (ulps: number): number => 1 + ulps * 2 ** -7;
  const source = Float32Array.of(oneAndUlps(0.5), oneAndUlps(1.5), oneAndUlps(0.51), -3.4028235e38);
  expect([...bfloat16ToFloat32(float32ToBfloat16(source))]).toEqual([1, oneAndUlps(2), oneAndUlps(1), -Infinity]);
});

test("float16 conversions agree with Math.f16round", () => {
  fc.assert(
    fc.property(fc.array(fc.float(), { maxLength: 20 }), (numbers) => {
      const source = Float32Array.from(numbers);
      const rounded = float16ToFloat32(float32ToFloat16(source));
      expect([...rounded]).toEqual([...source].map((value) => Math.f16round(value)));
    }),
    { seed: 3 },
  );
});

test("a target of another length is refused", () => {
  expect(() => float32ToBfloat16(new Float32Array(3), new Uint16Array(2))).toThrow("found 3 elements into 2");
});
