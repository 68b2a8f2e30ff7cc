/** Answers to many prompts at once, as tokens with log-probabilities: what reinforcement learning samples. No text here. */

import type { GenerationOptions } from "./engine/chat-engine.ts";
import { resolveOptions } from "./engine/generation-options.ts";
import { ContextLengthError, InvalidRequestError } from "./errors.ts";
import type { LanguageModel } from "./model/language-model.ts";
import { Sampler } from "./sampling/sampler.ts";

export interface RolloutOptions
  extends Pick<
    GenerationOptions,
    "temperature" | "topK" | "topP" | "minP" | "repetitionPenalty" | "seed" | "logitBias"
  > {
  /** Longest answer in tokens, at least 1. */
  readonly maxTokens: number;
  /** Tokens that end an answer; the one that came is its last. */
  readonly endTokens: Iterable<number>;
  /** Ids from here on are padding of the embedding and never chosen. Default: all may be. */
  readonly vocabularySize?: number;
  readonly signal?: AbortSignal;
  /** Told after every finished answer. */
  readonly onAnswer?: (finished: number, total: number) => void;
}

export interface Rollout {
  /** The answer alone; ends with the end token if one came. */
  readonly tokens: readonly number[];
  /**
   * [tokens] natural logarithms of the model's own distribution, at temperature 1 and before truncation: the policy's
   * log-probabilities when sampling is at temperature 1 with nothing cut off.
   */
  readonly logProbabilities: readonly number[];
  readonly reason: "stop" | "length" | "context";
}

interface Running {
  readonly index: number;
  readonly sampler: Sampler;
  readonly tokens: number[];
  readonly logProbabilities: number[];
}

/**
 * Answers every prompt, as many at a time as the model has sequences; a finished one makes room for the next at once.
 * Prompt i is drawn with seed `seed + i`, so an answer does not depend on which others ran beside it.
 *
 * @param prompts token ids, at least one each
 * @returns       a rollout for each prompt, in their order
 * @throws {InvalidRequestError} for an empty prompt or options outside their ranges
 * @throws {ContextLengthError}  for a prompt that fills the context
 * @throws {DOMException}        named AbortError when the signal ended it
 */
export async function generateTokens(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  options: RolloutOptions,
): Promise<Rollout[]> {
  const { endTokens, vocabularySize = model.vocabularySize, signal, onAnswer, ...sampling } = options;
  const resolved = resolveOptions({ ...sampling, logProbabilities: 0 }, {}, vocabularySize);
  const ends = new Set(endTokens);
  prompts.forEach((prompt, index) => {
    checkPrompt(prompt, index, model);
  });
  const rollouts: Rollout[] = new Array(prompts.length);
  const slots = new Map<number, Running>();
  let started = 0;
  let finished = 0;

  /** Takes the next token of one answer; true when that was its last. */
  function accept(running: Running, logits: Float32Array): boolean {
    const { id, logProbability } = running.sampler.sample(logits.subarray(0, vocabularySize));
    running.tokens.push(id);
    running.logProbabilities.push(logProbability!);
    const { length } = running.tokens;
    const reason = ends.has(id)
      ? "stop"
      : length >= options.maxTokens
        ? "length"
        : prompts[running.index]!.length + length >= model.contextLength
          ? "context"
          : undefined;
    if (reason === undefined) return false;
    rollouts[running.index] = { tokens: running.tokens, logProbabilities: running.logProbabilities, reason };
    onAnswer?.(++finished, prompts.length);
    return true;
  }

  /** Several answers to one prompt are common; all but its last token, whose logits are wanted, are copied then. */
  function reusePrompt(sequence: number, prompt: readonly number[]): number {
    for (const [other, { index }] of slots) {
      if (other === sequence || !isSamePrompt(prompts[index]!, prompt)) continue;
      model.copy(other, sequence, prompt.length - 1);
      return prompt.length - 1;
    }
    model.truncate(sequence, 0);
    return 0;
  }

  async function fill(sequence: number): Promise<void> {
    while (started < prompts.length) {
      const index = started++;
      const prompt = prompts[index]!;
      const seed = (resolved.seed + index) % (Number.MAX_SAFE_INTEGER + 1);
      const sampler = new Sampler({ ...resolved, seed }, prompt);
      const running: Running = { index, sampler, tokens: [], logProbabilities: [] };
      const held = reusePrompt(sequence, prompt);
      const logits = await model.prefill(prompt.slice(held), { sequence, ...(signal && { signal }) });
      if (accept(running, logits)) continue;
      slots.set(sequence, running);
      return;
    }
  }

  for (let sequence = 0; sequence < model.sequences; sequence++) await fill(sequence);
  while (slots.size > 0) {
    const batch = [...slots];
    const entries = batch.map(([sequence, { tokens }]) => ({ sequence, token: tokens.at(-1)! }));
    const logits = await model.step(entries, signal);
    const done = batch.filter(([, running], row) => accept(running, logits[row]!));
    for (const [sequence] of done) {
      slots.delete(sequence);
      await fill(sequence);
    }
    closeGaps(model, slots);
  }
  return rollouts;
}

/** Moves the highest sequences into free ones below, for a step costs as much as all up to the highest. */
function closeGaps(model: LanguageModel, slots: Map<number, Running>): void {
  for (let free = 0; free < slots.size; free++) {
    if (slots.has(free)) continue;
    const highest = Math.max(...slots.keys());
    model.copy(highest, free, model.length(highest));
    slots.set(free, slots.get(highest)!);
    slots.delete(highest);
  }
}

function isSamePrompt(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((token, index) => token === other[index]);
}

function checkPrompt(prompt: readonly number[], index: number, { contextLength, vocabularySize }: LanguageModel): void {
  const where = `prompts[${index}]`;
  if (prompt.length === 0) {
    const fix = "begin it with the start or end-of-text token";
    throw new InvalidRequestError({ where, found: "no token", expected: "at least one", fix });
  }
  const wrong = prompt.find((token) => !(Number.isSafeInteger(token) && token >= 0 && token < vocabularySize));
  if (wrong !== undefined) {
    throw new InvalidRequestError({
      where,
      found: `token ${wrong}`,
      expected: `ids from 0 to ${vocabularySize - 1}`,
      fix: "encode prompts with the model's own tokenizer",
    });
  }
  if (prompt.length >= contextLength) {
    throw new ContextLengthError({
      where,
      found: `${prompt.length} tokens`,
      expected: `fewer than the model's context of ${contextLength}`,
      fix: "leave longer prompts out of the data",
    });
  }
}
