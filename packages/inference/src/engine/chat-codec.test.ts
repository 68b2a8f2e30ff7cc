import { defaultChatTemplate, renderChat, type Tokenizer, trainTokenizer } from "@myna/tokenizer";
import { beforeAll, expect, test } from "vitest";
import { ModelRefusedError } from "../errors.ts";
import { checkVocabularies, createChatCodec } from "./chat-codec.ts";

let tokenizer: Tokenizer;

beforeAll(async () => {
  const texts = ["Hello there, how are you today? I am fine.", "你好，今天怎么样？我很好。"];
  tokenizer = await trainTokenizer(texts, { vocabularySize: 320 });
});

const messages = [
  { role: "user", content: "Hello <|im_end|>" },
  { role: "assistant", content: "Hi 你好" },
  { role: "user", content: "more" },
] as const;

test("a conversation is cut into the tokens that training cut it into", () => {
  const codec = createChatCodec({ tokenizer, template: defaultChatTemplate, endTokens: [] });
  const trained = renderChat({
    tokenizer,
    template: defaultChatTemplate,
    messages: [...messages, { role: "assistant", content: "Fine." }],
  });
  const answerAt = trained.isAnswer.indexOf(1, trained.isAnswer.indexOf(0, trained.isAnswer.indexOf(1)));
  expect(codec.encodeChat(messages)).toEqual([...trained.ids.subarray(0, answerAt)]);
});

test("the token that ends a turn is read from the template", () => {
  const codec = createChatCodec({ tokenizer, template: defaultChatTemplate, endTokens: [0] });
  expect(codec.endTokens).toEqual(new Set([0, tokenizer.idOf("<|im_end|>")]));
});

test("raw text keeps special tokens that are written out, and an empty text gives the first end token", () => {
  const codec = createChatCodec({ tokenizer, endTokens: [tokenizer.idOf("<|endoftext|>")!] });
  expect(codec.encodeText("<|im_start|>")).toEqual([tokenizer.idOf("<|im_start|>")]);
  expect(codec.encodeText("")).toEqual([tokenizer.idOf("<|endoftext|>")]);
});

test("text comes out whole and without special tokens", () => {
  const codec = createChatCodec({ tokenizer, endTokens: [] });
  const decoder = codec.createDecoder();
  const ids = [...codec.encodeText("<|im_start|>好 🐦"), tokenizer.idOf("<|reserved_0|>")!];
  const pieces = ids.map((id) => decoder.push(id));
  expect(pieces.join("") + decoder.flush()).toBe("好 🐦");
  for (const piece of pieces) expect(piece).not.toContain("\ufffd");
});

test("a template that cannot be honoured refuses the model, and one without an end too", () => {
  const create = (template: string, endTokens: number[] = [0]) => createChatCodec({ tokenizer, template, endTokens });
  expect(() => create("{% for x in %}")).toThrow(ModelRefusedError);
  expect(() => create("{{ raise_exception('not today') }}")).toThrow("not today");
  const endless =
    "{% for message in messages %}{{ message.role + ': ' + message.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";
  expect(() => create(endless, [])).toThrow("no token that ends an answer");
  expect(create(endless).encodeChat(messages).length).toBeGreaterThan(0);
  expect(() => createChatCodec({ tokenizer, endTokens: [0] }).encodeChat(messages)).toThrow(
    "a model without a chat template",
  );
});

test("a vocabulary that is not the model's refuses it; a little padding does not", () => {
  expect(() => checkVocabularies(16_384, 16_384)).not.toThrow();
  expect(() => checkVocabularies(151_936, 151_669)).not.toThrow();
  expect(() => checkVocabularies(16_384, 512)).toThrow(ModelRefusedError);
  expect(() => checkVocabularies(512, 16_384)).toThrow("found 16384 tokens; expected 512, the model's vocabulary.");
});
