import { expect, test } from "vitest";
import { certain, createFakeLanguageModel } from "./engine/fakes/fake-language-model.ts";
import { ContextLengthError, InvalidRequestError } from "./errors.ts";
import { generateTokens } from "./rollout.ts";

/** Logits that depend on everything a sequence holds, so that a mixed-up slot shows. */
function hashedLogits(history: readonly number[]): Float32Array {
  const sum = history.reduce((total, token, time) => (total * 31 + token * (time + 7)) % 1009, 3);
  return Float32Array.from({ length: 10 }, (_, token) => Math.sin(sum * (token + 1)) * 2);
}

const prompts = [[1], [2, 3, 4], [5, 6], [7], [8, 1, 2, 3], [4]];

test("answers are the same alone and in batches of any size", async () => {
  const run = (sequences: number) =>
    generateTokens(createFakeLanguageModel({ vocabularySize: 10, sequences, logits: hashedLogits }), prompts, {
      maxTokens: 5,
      endTokens: [9],
      seed: 5,
    });
  const [one, four] = [await run(1), await run(4)];
  expect(four).toEqual(one);
  expect(new Set(one.map(({ reason }) => reason))).toEqual(new Set(["stop", "length"]));
  const alone = await generateTokens(
    createFakeLanguageModel({ vocabularySize: 10, logits: hashedLogits }),
    [prompts[2]!],
    { maxTokens: 5, endTokens: [9], seed: 7 },
  );
  expect(alone[0]).toEqual(one[2]);
});

test("log-probabilities are the model's, for each token of the answer", async () => {
  const model = createFakeLanguageModel({ vocabularySize: 10, sequences: 2, logits: hashedLogits });
  const rollouts = await generateTokens(model, prompts, { maxTokens: 6, endTokens: [9], temperature: 1.4, topK: 5 });
  rollouts.forEach(({ tokens, logProbabilities }, row) => {
    expect(logProbabilities).toHaveLength(tokens.length);
    tokens.forEach((token, step) => {
      const logits = hashedLogits([...prompts[row]!, ...tokens.slice(0, step)]);
      const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      expect(logProbabilities[step]).toBeCloseTo(logits[token]! - Math.log(total), 5);
    });
  });
});

test("a finished answer makes room for the next prompt at once", async () => {
  const model = createFakeLanguageModel({
    vocabularySize: 10,
    sequences: 2,
    // The first token of a prompt says how long its answer is.
    logits: (history) => certain(history.length > history[0]! ? 9 : 0, 10),
  });
  const lengths: number[] = [];
  const rollouts = await generateTokens(model, [[1], [6], [1], [2]], {
    maxTokens: 20,
    endTokens: [9],
    onAnswer: (finished) => lengths.push(finished),
  });
  expect(rollouts.map(({ tokens }) => tokens.length)).toEqual([2, 7, 2, 3]);
  // Four prompts are read; the long answer takes six steps, and the three short ones fit beside it.
  expect(model.runs).toHaveLength(4 + 6);
  expect(lengths).toEqual([1, 2, 3, 4]);
});

test("several answers to one prompt read it once, and differ", async () => {
  const model = createFakeLanguageModel({ vocabularySize: 10, sequences: 3, logits: hashedLogits });
  const same = [5, 6, 7, 8, 1, 2];
  const rollouts = await generateTokens(model, [same, same, same], { maxTokens: 8, endTokens: [], seed: 3 });
  expect(model.runs.slice(0, 3)).toEqual([6, 1, 1]);
  expect(new Set(rollouts.map(({ tokens }) => tokens.join())).size).toBe(3);
  const alone = createFakeLanguageModel({ vocabularySize: 10, logits: hashedLogits });
  expect(await generateTokens(alone, [same, same, same], { maxTokens: 8, endTokens: [], seed: 3 })).toEqual(rollouts);
});

test("answers that outlive the others move together", async () => {
  const model = createFakeLanguageModel({
    vocabularySize: 10,
    sequences: 4,
    logits: (history) => certain(history.length > history[0]! ? 9 : 0, 10),
  });
  const highest: number[] = [];
  const step = model.step;
  const watched = {
    ...model,
    step: (entries: Parameters<typeof step>[0]) => {
      highest.push(Math.max(...entries.map(({ sequence }) => sequence)));
      return step(entries);
    },
  };
  const rollouts = await generateTokens(watched, [[1], [2], [3], [6]], { maxTokens: 20, endTokens: [9] });
  expect(rollouts.map(({ tokens }) => tokens.length)).toEqual([2, 3, 4, 7]);
  expect(highest).toEqual([3, 2, 1, 0, 0, 0]);
});

test("ids of the embedding's padding are never chosen, and a full context ends an answer", async () => {
  const model = createFakeLanguageModel({ vocabularySize: 10, contextLength: 8, logits: () => certain(9, 10) });
  const [rollout] = await generateTokens(model, [[1]], { maxTokens: 99, endTokens: [], vocabularySize: 9 });
  expect(rollout!.tokens).not.toContain(9);
  expect(rollout).toMatchObject({ reason: "context" });
  expect(rollout!.tokens).toHaveLength(7);
});

test("a prompt that is empty, full or of another vocabulary is refused by its number", async () => {
  const model = createFakeLanguageModel({ vocabularySize: 10, contextLength: 3 });
  const options = { maxTokens: 1, endTokens: [] };
  await expect(generateTokens(model, [[1], []], options)).rejects.toThrow(InvalidRequestError);
  await expect(generateTokens(model, [[1], []], options)).rejects.toThrow("prompts[1]: found no token");
  await expect(generateTokens(model, [[10]], options)).rejects.toThrow("found token 10; expected ids from 0 to 9");
  await expect(generateTokens(model, [[1, 2, 3]], options)).rejects.toThrow(ContextLengthError);
});

test("an abort ends the run with an AbortError", async () => {
  const model = createFakeLanguageModel({ vocabularySize: 10, runMs: 2 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 10);
  const running = generateTokens(model, [[1]], { maxTokens: 900, endTokens: [], signal: controller.signal });
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
});
