import { expect, test } from "vitest";
import { InvalidRequestError } from "../errors.ts";
import type { GenerationOptions } from "./chat-engine.ts";
import { checkMessages, resolveOptions } from "./generation-options.ts";

test("each option outside its range is refused with its name, value and range", () => {
  const wrong: [GenerationOptions, string][] = [
    [{ temperature: -1 }, "temperature: found -1; expected a number of at least 0 and at most 10"],
    [{ temperature: Number.NaN }, "temperature: found NaN"],
    [{ topP: 0 }, "topP: found 0; expected a number above 0 and at most 1"],
    [{ topK: 1.5 }, "topK: found 1.5; expected a whole number of at least 0."],
    [{ maxTokens: 0 }, "maxTokens: found 0; expected a whole number of at least 1"],
    [{ seed: 2 ** 60 }, "seed: found 1152921504606847000"],
    [{ logProbabilities: 21 }, "logProbabilities: found 21"],
    [{ minP: "0.1" as unknown as number }, 'minP: found "0.1"'],
    [{ stop: [""] }, "stop: found an empty text"],
    [{ stop: "end" as unknown as string[] }, "stop: found something that is no list"],
    [{ stop: ["\ud800"] }, "stop: found half a character"],
    [{ stop: new Array<string>(17).fill("x") }, "stop: found 17 texts"],
    [{ logitBias: { 300: 1 } }, 'logitBias: found "300": 1; expected token ids below 256'],
    [{ logitBias: { 3: 101 } }, 'logitBias: found "3": 101'],
  ];
  for (const [options, message] of wrong) {
    expect(() => resolveOptions(options, {}, 256)).toThrow(InvalidRequestError);
    expect(() => resolveOptions(options, {}, 256)).toThrow(message);
  }
});

test("the request's options come before the model's, and those before ours", () => {
  const resolved = resolveOptions({ topK: 5 }, { topK: 20, topP: 0.8 });
  expect(resolved).toMatchObject({ topK: 5, topP: 0.8, minP: 0, temperature: 1 });
  expect(resolveOptions().seed).not.toBe(resolveOptions().seed);
});

test("a conversation needs messages with known roles and texts", () => {
  expect(() => checkMessages([])).toThrow("messages: found no message; expected at least one.");
  const odd = [{ role: "tool", content: "x" }] as unknown as Parameters<typeof checkMessages>[0];
  expect(() => checkMessages(odd)).toThrow('messages[0]: found role "tool" and a content of type string');
});
