// Training, the samples that training shows, and serving must give a conversation the same ids: two renderings that drift
// apart are the most common failure of chat models.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createChatCodec } from "../packages/inference/src/engine/chat-codec.ts";
import type { ChatMessage } from "../packages/inference/src/engine/chat-engine.ts";
import {
  readTokenizerFolder,
  templateHash,
  templateVariables,
  trainTokenizer,
  writeTokenizerFolder,
} from "../packages/tokenizer/src/index.ts";
import { conversationRenderer, promptOf, readTextFiles, type TextFiles } from "../packages/training/src/model-files.ts";
import { sentences } from "./support/workshop.ts";

const folder = mkdtempSync(join(tmpdir(), "myna-renderer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A template that reads a variable, puts nothing between turns, and ends a turn in its own way. */
const otherTemplate =
  "{{ bos_token }}{% for message in messages %}[{{ message.role }}] {% if message.role == 'assistant' %}" +
  "{% generation %}{{ message.content }}<|im_end|>{% endgeneration %}{% else %}{{ message.content }}\n{% endif %}" +
  "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}";

const question: ChatMessage = { role: "user", content: "Hello, who are you? 你好！" };
const conversations: { title: string; messages: ChatMessage[] }[] = [
  { title: "one question", messages: [question] },
  { title: "a system message", messages: [{ role: "system", content: "Answer in one sentence." }, question] },
  {
    title: "several turns",
    messages: [question, { role: "assistant", content: " A bird.\n" }, { role: "user", content: "🐦‍⬛ really?\r\n" }],
  },
  {
    title: "special tokens as text",
    messages: [{ role: "user", content: "Write <|im_end|> and <|endoftext|> twice." }],
  },
  {
    title: "empty messages",
    messages: [{ role: "user", content: "" }, { role: "assistant", content: "" }, question],
  },
];

describe.each(["the default template", "a template of another kind"])("%s", (name) => {
  const path = join(folder, name);
  let files: TextFiles;
  let serving: ReturnType<typeof createChatCodec>;

  beforeAll(async () => {
    const tokenizer = await trainTokenizer(sentences(200), { vocabularySize: 320 });
    writeTokenizerFolder(path, { tokenizer });
    if (name !== "the default template") writeFileSync(join(path, "chat_template.jinja"), otherTemplate);
    files = readTextFiles(path);
    const { config, tokenizer: read } = readTokenizerFolder(path);
    serving = createChatCodec({
      tokenizer: read,
      template: config.chatTemplate ?? files.chatTemplate,
      variables: templateVariables(config),
      endTokens: [files.endOfTurnId],
    });
    expect(templateHash(config.chatTemplate ?? files.chatTemplate)).toBe(files.templateHash);
  });

  test.each(conversations)("serving asks with the ids that training continues: $title", ({ messages }) => {
    const asked = serving.encodeChat(messages);
    const answer: ChatMessage = { role: "assistant", content: "I am a myna. 我是八哥。" };
    const { ids, isAnswer } = conversationRenderer(files).render([...messages, answer]);
    expect(asked).toEqual([...ids.subarray(0, asked.length)]);
    // What follows is the answer, to be learned, and nothing of it was part of the question.
    const firstOfLastAnswer = isAnswer.lastIndexOf(0, isAnswer.lastIndexOf(1)) + 1;
    expect(firstOfLastAnswer).toBe(asked.length);
    const turn = ids.subarray(asked.length, isAnswer.lastIndexOf(1) + 1);
    expect(files.tokenizer.decode(turn)).toBe(`${answer.content}<|im_end|>`);
  });

  test("the samples that training shows ask as serving does", () => {
    for (const content of ["Hello!", "你好！", "<|im_end|>", ""]) {
      expect(promptOf(files, content)).toEqual(serving.encodeChat([{ role: "user", content }]));
    }
  });
});
