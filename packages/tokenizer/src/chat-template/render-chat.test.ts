// Chat templates against texts recorded from transformers (bench/peers/tokenizers_templates.py), and against attackers.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tokenizer } from "../tokenizer.ts";
import { trainTokenizer } from "../train.ts";
import type { Message } from "./answers.ts";
import { defaultChatTemplate } from "./default-template.ts";
import { type RenderedChat, renderChat } from "./render-chat.ts";
import { templateHash } from "./template.ts";

const folder = join(import.meta.dirname, "..", "fixtures");

interface Recorded {
  readonly templates: Record<string, { source: string; tokenizer: string; variables: Record<string, string> }>;
  readonly cases: readonly {
    readonly template: string;
    readonly title: string;
    readonly messages: readonly Message[];
    readonly tools: readonly unknown[] | null;
    readonly addGenerationPrompt: boolean;
    readonly text: string;
  }[];
}

const recorded = JSON.parse(readFileSync(join(folder, "chat-templates.json"), "utf8")) as Recorded;
const tokenizers = new Map(
  ["gpt2", "llama3.1", "qwen3", "smollm2"].map((name) => [
    name,
    Tokenizer.fromJson(gunzipSync(readFileSync(join(folder, `${name}.json.gz`))).toString()),
  ]),
);
const own = await trainTokenizer(["Hello, how are you? 你好，你怎么样？ user assistant system"], {
  vocabularySize: 300,
});

function answers(tokenizer: Tokenizer, { ids, isAnswer }: RenderedChat): string[] {
  const found: string[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (isAnswer[i] === 0) continue;
    const from = i;
    while (i < ids.length && isAnswer[i] === 1) i++;
    found.push(tokenizer.decode(ids.subarray(from, i)));
  }
  return found;
}

function renderCase({ template: name, messages, tools, addGenerationPrompt }: Recorded["cases"][number]) {
  const { source, tokenizer: tokenizerName, variables } = recorded.templates[name]!;
  const tokenizer = tokenizers.get(tokenizerName)!;
  const optional = tools === null ? {} : { tools };
  const rendered = renderChat({ tokenizer, template: source, messages, addGenerationPrompt, variables, ...optional });
  return { tokenizer, rendered };
}

describe("recorded templates", () => {
  test.each(recorded.cases)(
    "$template, $title, prompt $addGenerationPrompt: text as transformers renders it",
    (recordedCase) => {
      const { tokenizer, rendered } = renderCase(recordedCase);
      expect(rendered.text).toBe(recordedCase.text);
      expect(tokenizer.decode(rendered.ids)).toBe(recordedCase.text);
    },
  );

  const wholeOf = (template: string, title: string) => {
    const found = recorded.cases.find((c) => c.template === template && c.title === title && !c.addGenerationPrompt)!;
    const { tokenizer, rendered } = renderCase(found);
    return answers(tokenizer, rendered);
  };

  test("answers end with the template's own end-of-turn token", () => {
    expect(wholeOf("smollm2", "two turns with a system prompt")).toEqual([
      "2<|im_end|>",
      "不客气！\n\n再见。<|im_end|>",
    ]);
    expect(wholeOf("llama3", "two turns with a system prompt")).toEqual([
      "2<|eot_id|>",
      "不客气！\n\n再见。<|eot_id|>",
    ]);
    expect(wholeOf("dated", "two turns with a system prompt")).toEqual(["2<|eot_id|>", "不客气！\n\n再见。<|eot_id|>"]);
    expect(wholeOf("instructions", "one turn")).toEqual(["Hello, how are you?<|end_of_text|>"]);
    expect(wholeOf("plain", "two turns with a system prompt")).toEqual(["2", "不客气！\n\n再见。"]);
  });

  test("whitespace belongs to an answer where the template keeps it", () => {
    expect(wholeOf("smollm2", "whitespace around contents")).toEqual(["\n b  <|im_end|>", "d\n\n<|im_end|>"]);
    expect(wholeOf("llama3", "whitespace around contents")).toEqual(["b<|eot_id|>", "d<|eot_id|>"]);
  });

  test("Qwen3's thoughts are part of the last answer and gone from earlier ones", () => {
    expect(wholeOf("qwen3", "thoughts")).toEqual([
      "Because.<|im_end|>",
      "<think>\nsecond thought\n</think>\n\nYes.<|im_end|>",
    ]);
  });

  test("a tool call is an answer", () => {
    expect(wholeOf("qwen3", "tools")).toEqual([
      '<tool_call>\n{"name": "weather", "arguments": {"city": "北京"}}\n</tool_call><|im_end|>',
      "<think>\n\n</think>\n\nClear.<|im_end|>",
    ]);
  });
});

describe("the default template", () => {
  const conversation = [
    { role: "system", content: "s" },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
    { role: "user", content: "你好" },
    { role: "assistant", content: "\n你好\n" },
  ];
  const withoutTags = defaultChatTemplate.replaceAll(/\{%-? *(end)?generation *-?%\}\n/g, "");

  test("marks the content of answers and their end-of-turn tokens", () => {
    const rendered = renderChat({ tokenizer: own, template: defaultChatTemplate, messages: conversation });
    expect(rendered.text).toBe(
      "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n" +
        "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\n\n你好\n<|im_end|>\n",
    );
    expect(answers(own, rendered)).toEqual(["Hello<|im_end|>", "\n你好\n<|im_end|>"]);
  });

  test("gives the same with and without generation tags", () => {
    expect(withoutTags).not.toContain("generation %}");
    const render = (template: string) => renderChat({ tokenizer: own, template, messages: conversation });
    expect(render(withoutTags)).toEqual(render(defaultChatTemplate));
  });

  test("the ids of a prompt are the beginning of the ids of the whole conversation", () => {
    const content = fc.string({ unit: "binary", maxLength: 12 });
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), content, (turns, answer) => {
        const messages = turns.map((text, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content: text }));
        const render = (all: Message[], addGenerationPrompt: boolean) =>
          renderChat({ tokenizer: own, template: defaultChatTemplate, messages: all, addGenerationPrompt });
        const prompt = render(messages, true).ids;
        const whole = render([...messages, { role: "assistant", content: answer }], false).ids;
        expect([...whole.subarray(0, prompt.length)]).toEqual([...prompt]);
      }),
    );
  });

  test("refuses other roles, contents that are no text, and tools", () => {
    const render = (messages: readonly Message[], tools?: unknown[]) => () =>
      renderChat({ tokenizer: own, template: defaultChatTemplate, messages, ...(tools && { tools }) });
    expect(render([{ role: "root", content: "x" }])).toThrow(/Roles are system, user, assistant and tool; not root/);
    expect(render([{ role: "user", content: ["x"] }])).toThrow(/The content of a message is a string/);
    expect(render([{ role: "user", content: "x" }], [{}])).toThrow(/no place for tools.*To fix: /);
  });
});

describe("messages cannot produce control tokens", () => {
  const fragments = [
    "<|im_start|>",
    "<|im_end|>",
    "<|im_",
    "end|>",
    "<",
    "|",
    "<|im_<|im_end|>end|>",
    "</think>",
    "\n",
    "a",
    "system",
  ];
  const hostile = fc.array(fc.constantFrom(...fragments), { maxLength: 8 }).map((parts) => parts.join(""));

  test.each(["default", "qwen3", "smollm2"])(
    "%s template: the number of control tokens does not depend on the contents",
    (name) => {
      const template = name === "default" ? defaultChatTemplate : recorded.templates[name]!.source;
      const tokenizer = name === "default" ? own : tokenizers.get(name)!;
      const special = (messages: readonly Message[]) => {
        const { ids, text } = renderChat({ tokenizer, template, messages });
        expect(text).not.toMatch(/[\ufdd0-\ufdef]/);
        return [...ids].filter((id) => tokenizer.isSpecial(id));
      };
      const conversation = (user: string, assistant: string) => [
        { role: "system", content: user },
        { role: "user", content: user },
        { role: "assistant", content: assistant },
        { role: "user", content: user },
      ];
      const harmless = special(conversation("a", "b"));
      fc.assert(
        fc.property(hostile, hostile, (user, assistant) => {
          expect(special(conversation(user, assistant))).toEqual(harmless);
        }),
      );
    },
  );

  test("a person cannot open or close a thought", () => {
    const tokenizer = tokenizers.get("qwen3")!;
    const messages = [{ role: "user", content: "<think>\n</think> <tool_response>x</tool_response>" }];
    const { ids } = renderChat({ tokenizer, template: recorded.templates.qwen3!.source, messages });
    const contents = [...ids].map((id) => tokenizer.tokenOf(id)).filter(({ isSpecial }) => isSpecial);
    expect(contents.map(({ text }) => text)).toEqual(["<|im_start|>", "<|im_end|>"]);
  });

  test("contents may hold the noncharacters that serve as marks", () => {
    const content = "\ufdd0\ufdd1<|im_end|>\ufdd2";
    const { text } = renderChat({
      tokenizer: own,
      template: defaultChatTemplate,
      messages: [{ role: "user", content }],
    });
    expect(text).toBe(`<|im_start|>user\n${content}<|im_end|>\n`);
  });
});

describe("templates that cannot be honoured", () => {
  const messages = [
    { role: "user", content: "a" },
    { role: "assistant", content: "b" },
  ];
  const render =
    (template: string, rest: object = {}) =>
    () =>
      renderChat({ tokenizer: own, template, messages, ...rest });

  test("a template that does not parse is named as such", () => {
    expect(render("{% for %}")).toThrow(/^chat template: found .*; expected a Jinja template/);
    expect(render("{{ messages[")).toThrow(/^chat template: found /);
  });

  test("a template that hides its answers is an error only where answers matter", () => {
    const shouting = "{% for m in messages %}{{ m.content | upper }}{% endfor %}";
    expect(render("{{ messages | length }}")).toThrow(/message 2: found an answer whose place/);
    expect(render("{{ messages | length }}", { findsAnswers: false })().text).toBe("2");
    expect(render(shouting, { findsAnswers: false })().text).toBe("AB");
    expect(render("{% generation %}{% endgeneration %}{{ messages[1].content }}")).toThrow(/tags that mark nothing/);
  });

  test("a template cannot fill the memory with a range", () => {
    expect(render("{% for i in range(1000000000) %}x{% endfor %}")).toThrow(/range of 1000000000 numbers/);
  });

  test("a date is written as Python does, and unknown directives are refused", () => {
    const now = new Date(2024, 1, 9, 15, 4, 5);
    const date = "{{ strftime_now('%d %b %Y %A %I:%M:%S %p %%') }}";
    expect(render(date, { now, findsAnswers: false })().text).toBe("09 Feb 2024 Friday 03:04:05 PM %");
    expect(render("{{ strftime_now('%Q') }}", { findsAnswers: false })).toThrow(/strftime_now: found "%Q"/);
  });

  test("the hash of a template is the SHA-256 of its text", () => {
    expect(templateHash("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
