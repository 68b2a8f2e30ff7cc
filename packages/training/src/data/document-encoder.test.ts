import { defaultChatTemplate, renderChat, trainTokenizer } from "@myna/tokenizer";
import { expect, test } from "vitest";
import { conversationDocuments, textDocuments } from "./document-encoder.ts";

async function* texts() {
  yield "the cat sat on the mat 八哥会说话";
}

test("texts become ids of the tokenizer between two end-of-text marks, which no text can forge", async () => {
  const tokenizer = await trainTokenizer(texts(), { vocabularySize: 300 });
  const endOfTextId = tokenizer.specialTokens.get("<|endoftext|>")!;
  const { vocabularySize, hash } = tokenizer;
  const encoder = textDocuments({
    vocabularySize,
    hash,
    endOfTextId,
    encode: (text) => tokenizer.encode(text),
  });
  const { ids, bytes } = encoder.encode({ text: "八哥 <|endoftext|>" });
  const [first, ...inner] = Array.from(ids);
  expect([first, inner.pop()]).toEqual([endOfTextId, endOfTextId]);
  expect(inner).not.toContain(endOfTextId);
  expect(tokenizer.decode(inner)).toBe("八哥 <|endoftext|>");
  expect(bytes).toBe(20);
});

test("conversations are what the chat renderer makes of them, with the bytes of the answers", async () => {
  const tokenizer = await trainTokenizer(texts(), { vocabularySize: 300 });
  const { vocabularySize } = tokenizer;
  const encoderWith = (hash: string) =>
    conversationDocuments({
      vocabularySize,
      hash,
      render: (messages) => renderChat({ tokenizer, template: defaultChatTemplate, messages }),
    });
  const { ids, isAnswer, bytes } = encoderWith("a").encode({
    messages: [
      { role: "user", content: "hi" },
      { role: "assistant", content: "the cat" },
    ],
  });
  expect(tokenizer.decode(Array.from(ids).filter((_, index) => isAnswer![index] === 1))).toBe("the cat<|im_end|>");
  expect(bytes).toBe(7);
  expect(encoderWith("a").hash).not.toBe(encoderWith("b").hash);
});
