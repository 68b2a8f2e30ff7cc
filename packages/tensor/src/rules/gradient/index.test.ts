import { expect, test } from "vitest";
import { evaluationRules } from "../evaluate/index.ts";
import { shapeRules } from "../shape.ts";
import { gradientRuleOf, gradientRules } from "./index.ts";

const operators = Object.keys(shapeRules) as (keyof typeof shapeRules)[];

test("every operator has a shape rule, a gradient or the reason why not, and an evaluation", () => {
  expect(Object.keys(gradientRules).sort()).toEqual([...operators].sort());
  expect(Object.keys(evaluationRules).sort()).toEqual([...operators].sort());
});

test("operators without a gradient give a reason; those that refuse it also say what to do instead", () => {
  const kinds: Record<string, string[]> = {};
  for (const operator of operators) {
    const entry = gradientRuleOf(operator);
    if (typeof entry === "function") continue;
    expect(entry.reason).toMatch(/\w/);
    if (entry.kind === "refused") expect(entry.fix).toMatch(/\w/);
    kinds[entry.kind] = [...(kinds[entry.kind] ?? []), operator];
  }
  for (const names of Object.values(kinds)) names.sort();
  expect(kinds).toEqual({
    zero: ["and", "constant", "equal", "less", "lessOrEqual", "modulo", "not", "or", "stopGradient"],
    shared: ["reshape"],
    refused: ["attentionGradient", "cachedAttention", "linearCrossEntropyGradient", "quantisedLinear", "skipRmsNorm"],
  });
});
