import { expect, test } from "vitest";
import { readGenerationConfig } from "./generation-config.ts";

test("recommended sampling and end tokens are read, the rest is left alone", () => {
  const config = { temperature: 0.6, top_k: 20, top_p: null, do_sample: true, eos_token_id: [5, 7], bos_token_id: 1 };
  expect(readGenerationConfig(config)).toEqual({ defaults: { temperature: 0.6, topK: 20 }, endTokens: [5, 7] });
  expect(readGenerationConfig({ eos_token_id: 3 })).toEqual({ defaults: {}, endTokens: [3] });
  for (const nothing of [undefined, null, 3, [], { eos_token_id: "x" }]) {
    expect(readGenerationConfig(nothing)).toEqual({ defaults: {}, endTokens: [] });
  }
});

test("a value outside its range names file and field", () => {
  expect(() => readGenerationConfig({ top_p: 7 })).toThrow(
    "generation_config.json topP: found 7; expected a number above 0",
  );
});
