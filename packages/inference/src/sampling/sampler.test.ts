import fc from "fast-check";
import { expect, test } from "vitest";
import type { GenerationOptions } from "../engine/chat-engine.ts";
import { resolveOptions } from "../engine/generation-options.ts";
import { Sampler } from "./sampler.ts";

const sampler = (options: GenerationOptions, prompt: number[] = []) => new Sampler(resolveOptions(options), prompt);

/** Softmax in plain numbers. */
function probabilities(logits: readonly number[]): number[] {
  const weights = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** Draws from one distribution with many seeds and steps, against what each token's share should be. */
function chiSquare(logits: number[], expected: number[], options: GenerationOptions, draws = 20_000): number {
  const counts = new Array<number>(logits.length).fill(0);
  for (let seed = 0; seed < 100; seed++) {
    const one = sampler({ ...options, seed });
    for (let step = 0; step < draws / 100; step++) {
      const { id } = one.sample(Float32Array.from(logits));
      counts[id]!++;
    }
  }
  return counts.reduce((sum, count, id) => {
    const wanted = expected[id]! * draws;
    if (wanted === 0) expect(count).toBe(0);
    return wanted === 0 ? sum : sum + (count - wanted) ** 2 / wanted;
  }, 0);
}

const logits = [1.5, 0.3, -1, 2.2, 0, -0.4, 1.1, 0.9];
const limit = 24.3; // χ² with 7 degrees of freedom exceeds it once in a thousand

test("tokens come as often as the softmax says", () => {
  expect(chiSquare(logits, probabilities(logits), {})).toBeLessThan(limit);
});

test("neighbouring seeds draw independently", () => {
  const counts = new Array<number>(logits.length).fill(0);
  let repeats = 0;
  let before = -1;
  for (let seed = 0; seed < 20_000; seed++) {
    const { id } = sampler({ seed }).sample(Float32Array.from(logits));
    counts[id]!++;
    if (id === before) repeats++;
    before = id;
  }
  const expected = probabilities(logits);
  const distance = counts.reduce((sum, count, id) => sum + (count / 20_000 - expected[id]!) ** 2 / expected[id]!, 0);
  expect(distance * 20_000).toBeLessThan(limit);
  const expectedRepeats = expected.reduce((sum, share) => sum + share ** 2, 0);
  expect(Math.abs(repeats / 20_000 - expectedRepeats)).toBeLessThan(0.015);
});

test("temperature divides the logits", () => {
  const warm = probabilities(logits.map((logit) => logit / 1.7));
  expect(chiSquare(logits, warm, { temperature: 1.7 })).toBeLessThan(limit);
});

test("a cut distribution is drawn in its own proportions", () => {
  const three = probabilities(logits.map((logit) => (logit >= 1.1 ? logit : Number.NEGATIVE_INFINITY)));
  expect(chiSquare(logits, three, { topK: 3 })).toBeLessThan(13.8);
});

test("bias is added to the logits and −100 forbids even when it is hot", () => {
  const shifted = probabilities(
    logits.map((logit, id) => (id === 3 ? Number.NEGATIVE_INFINITY : logit + (id === 2 ? 2 : 0)) / 4),
  );
  expect(chiSquare(logits, shifted, { temperature: 4, logitBias: { 2: 2, 3: -100 } })).toBeLessThan(limit);
});

test("the same seed gives the same tokens, another seed others, whatever happens between", () => {
  const sequence = (seed: number) => {
    const one = sampler({ seed });
    return Array.from({ length: 40 }, () => one.sample(Float32Array.from(logits)).id);
  };
  expect(sequence(11)).toEqual(sequence(11));
  expect(sequence(11)).not.toEqual(sequence(12));
  expect(sequence(11)).not.toEqual(sequence(11 + 2 ** 32));
});

test("logits that differ in their last bits give the same tokens", () => {
  const drift = Float32Array.from(logits, (logit, id) => logit + ((id % 3) - 1) * 1e-6);
  const [one, other] = [sampler({ seed: 5, topP: 0.9 }), sampler({ seed: 5, topP: 0.9 })];
  for (let step = 0; step < 500; step++) expect(one.sample(Float32Array.from(logits))).toEqual(other.sample(drift));
});

test("temperature 0 takes the likeliest token, the lower id among equals", () => {
  expect(sampler({ temperature: 0 }).sample(Float32Array.of(1, 3, 3, 2)).id).toBe(1);
  expect(sampler({ temperature: 0, logitBias: { 3: 5 } }).sample(Float32Array.of(1, 3, 3, 2)).id).toBe(3);
});

test("the repetition penalty counts prompt and answer, each token once", () => {
  const greedy = sampler({ temperature: 0, repetitionPenalty: 2 }, [1, 1]);
  const values = Float32Array.of(2.2, 4, 1.9, -1);
  // Token 1 of the prompt falls to 2; then 0 is chosen and falls to 1.1, and 1 stays at 2.
  expect([greedy.sample(values).id, greedy.sample(values).id, greedy.sample(values).id]).toEqual([0, 1, 1]);
  expect(sampler({ temperature: 0, repetitionPenalty: 2 }, [0]).sample(Float32Array.of(-1, -1.5)).id).toBe(1);
});

test("log-probabilities are the model's own, whatever the sampling", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 2, maxLength: 30 }),
      fc.nat({ max: 20 }),
      (values, alternatives) => {
        const raw = Float32Array.from(values);
        const options = { temperature: 0.7, topK: 3, repetitionPenalty: 1.3, logitBias: { 0: 3 } };
        const chosen = sampler({ ...options, logProbabilities: alternatives }, [0, 1]).sample(raw);
        const expected = probabilities([...raw]).map(Math.log);
        expect(chosen.logProbability).toBeCloseTo(expected[chosen.id]!, 5);
        const ranked = [...expected.keys()].sort((a, b) => raw[b]! - raw[a]! || a - b).slice(0, alternatives);
        expect(chosen.alternatives!.map(({ id }) => id)).toEqual(ranked);
        for (const { id, logProbability } of chosen.alternatives!) expect(logProbability).toBeCloseTo(expected[id]!, 5);
      },
    ),
  );
});

test("logits that are no numbers are blamed on the model's weights", () => {
  const nothing = Float32Array.of(Number.NaN, Number.NaN);
  const wording = "the model: found no number among its logits; expected weights that are numbers";
  expect(() => sampler({ temperature: 0 }).sample(nothing)).toThrow(wording);
  expect(() => sampler({}).sample(nothing)).toThrow(wording);
});
