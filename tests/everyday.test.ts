// The everyday conversations that the default model learns from: well formed, in the language asked, nothing unfilled.

import { expect, test } from "vitest";
import { allExchanges, expandChoices, isHeldBack } from "../recipes/default/everyday/write.ts";

const exchanges = allExchanges();
const isTranslation = (text: string) => /in Chinese|英文|英语|English|意思|翻译|mean|Chinese|中文/.test(text);

test("choices in brackets expand in order, an empty one included", () => {
  expect(expandChoices("[a|b] c[!|]")).toEqual(["a c!", "a c", "b c!", "b c"]);
});

test("no placeholder or bracket is left in a question or an answer", () => {
  expect(exchanges.filter(({ question, answer }) => /[{}]|\[|\]|undefined/.test(question + answer))).toEqual([]);
});

test("English questions get English answers and Chinese questions Chinese ones, translations aside", () => {
  const wrong = exchanges.filter(({ question, answer, language }) => {
    if (isTranslation(question) || isTranslation(answer)) return false;
    const hasHan = /\p{Script=Han}/u.test(answer);
    return language === "en" ? hasHan : !hasHan && !/^[\d\s，,.。+×=-]+$/.test(answer);
  });
  expect(wrong).toEqual([]);
});

test("there are thousands of exchanges in each language and about one question in twenty is held back", () => {
  for (const code of ["en", "zh"])
    expect(exchanges.filter(({ language }) => language === code).length).toBeGreaterThan(3000);
  const questions = [...new Set(exchanges.map(({ question }) => question))];
  const share = questions.filter(isHeldBack).length / questions.length;
  expect(share).toBeGreaterThan(0.035);
  expect(share).toBeLessThan(0.065);
});

test("every sum is right", () => {
  const sums = exchanges.flatMap(({ answer }) => [...answer.matchAll(/^(\d+) ?([-+×]) ?(\d+) ?= ?(\d+)[.。]$/g)]);
  expect(sums.length).toBeGreaterThan(1000);
  for (const [, a, sign, b, c] of sums) {
    const [left, right] = [Number(a), Number(b)];
    expect(sign === "+" ? left + right : sign === "-" ? left - right : left * right).toBe(Number(c));
  }
});
