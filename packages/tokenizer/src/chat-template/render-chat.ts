/**
 * Conversations to ids: the one renderer for fine-tuning, evaluation and serving, so that a model is asked in exactly the way it
 * was taught. Control tokens come from the template only; what looks like one in a message is spelled out as text.
 */
import { AddedTokenFinder, isControlToken } from "../added-tokens.ts";
import { ChatTemplateError } from "../errors.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { IdBuffer } from "../word-encoder.ts";
import { findAnswers, type Message, markGenerationTags, type Span, takeMarkedSpans } from "./answers.ts";
import { chooseMarks, Escaper, type Marks } from "./marks.ts";
import { compileTemplate } from "./template.ts";

/** One turn: a role and what it says, with whatever else the template reads (tool_calls, reasoning_content, name). */
export type ChatMessage = Message;

export interface RenderChatOptions {
  readonly tokenizer: Tokenizer;
  /** Jinja source, as in tokenizer_config.json. */
  readonly template: string;
  readonly messages: readonly ChatMessage[];
  /** Ends with the header of an answer, for a model to go on from. Default false. */
  readonly addGenerationPrompt?: boolean;
  /** Tools in OpenAI's schema, for templates that know them. */
  readonly tools?: readonly unknown[];
  /** Other variables of the template: bos_token, eos_token, enable_thinking, date_string. */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What strftime_now shows. Default: now. */
  readonly now?: Date;
  /** false: `isAnswer` is all 0, and a template that hides its answers is no error. Default true. */
  readonly findsAnswers?: boolean;
}

export interface RenderedChat {
  readonly text: string;
  /** [tokens] */
  readonly ids: Int32Array;
  /** [tokens] 1 on an assistant's content and its end-of-turn token; 0 on headers and everything else */
  readonly isAnswer: Uint8Array;
}

/**
 * @throws {ChatTemplateError} if the template does not parse, refuses the messages, or does not show where the answers are
 */
export function renderChat(options: RenderChatOptions): RenderedChat {
  const { tokenizer, template, messages, addGenerationPrompt = false, findsAnswers = true } = options;
  const hasAnswers = findsAnswers && messages.some(({ role }) => role === "assistant");
  const marks = chooseMarks(template, [messages, options.tools, options.variables]);
  const control = controlTokenFinder(tokenizer);
  const tagged = hasAnswers ? markGenerationTags(template, marks) : undefined;
  const render = renderer(options, marks, tagged ?? template);
  const whole = render(messages, addGenerationPrompt);
  if (tagged !== undefined) {
    const { text, spans } = takeMarkedSpans(whole, marks);
    if (spans.length === 0) throw noTaggedAnswer();
    return encodeRendered(tokenizer, control, text, spans, marks);
  }
  const spans = !hasAnswers
    ? []
    : findAnswers({
        render,
        messages,
        text: whole,
        marks,
        segmentsOf: (text) => control.find(text),
        isSpecial: (id) => tokenizer.isSpecial(id),
      });
  return encodeRendered(tokenizer, control, whole, spans, marks);
}

function noTaggedAnswer(): ChatTemplateError {
  return new ChatTemplateError({
    where: "chat template",
    found: "{% generation %} tags that mark nothing in a conversation with answers",
    expected: "tags around each answer",
    fix: "put {% generation %} and {% endgeneration %} around what the template writes for an assistant's message",
  });
}

function renderer(options: RenderChatOptions, marks: Marks, source: string) {
  const { tokenizer, template, tools, variables, now = new Date() } = options;
  const compiled = compileTemplate(source);
  const all = [...tokenizer.specialTokens.keys()];
  const escaper = new Escaper(all, marks.escape);
  // A template that reads <think> in an answer takes the answer's own thoughts apart; it must be able to see them.
  const isReadByTemplate = (content: string) =>
    !tokenizer.isSpecial(tokenizer.specialTokens.get(content)!) && template.includes(content);
  const answerEscaper = new Escaper(
    all.filter((content) => !isReadByTemplate(content)),
    marks.escape,
  );
  const escapedTools = tools === undefined ? null : escaper.escape(tools);
  return (messages: readonly Message[], addGenerationPrompt: boolean): string =>
    compiled(
      {
        ...variables,
        messages: messages.map((message) => (message.role === "assistant" ? answerEscaper : escaper).escape(message)),
        tools: escapedTools,
        add_generation_prompt: addGenerationPrompt,
      },
      now,
    );
}

const finders = new WeakMap<Tokenizer, AddedTokenFinder>();

function controlTokenFinder(tokenizer: Tokenizer): AddedTokenFinder {
  let finder = finders.get(tokenizer);
  if (finder === undefined) {
    finder = new AddedTokenFinder(tokenizer.definition.addedTokens.filter(isControlToken), undefined);
    finders.set(tokenizer, finder);
  }
  return finder;
}

/** Answers begin with a token of their own: a model that goes on from the generation prompt has the same cut there. */
function encodeRendered(
  tokenizer: Tokenizer,
  control: AddedTokenFinder,
  text: string,
  spans: readonly Span[],
  marks: Marks,
): RenderedChat {
  const buffer = new IdBuffer();
  const answers: Span[] = [];
  const isInAnswer = (at: number): boolean => spans.some(({ start, end }) => at >= start && at < end);
  const cuts = spans.flatMap(({ start, end }) => [start, end]);
  for (const segment of control.find(text)) {
    const inside = segment.id === undefined ? cuts.filter((cut) => cut > segment.start && cut < segment.end) : [];
    const bounds = [segment.start, ...inside, segment.end];
    for (let i = 0; i + 1 < bounds.length; i++) {
      const first = buffer.length;
      if (segment.id !== undefined) buffer.push(segment.id);
      else {
        const piece = text.slice(bounds[i], bounds[i + 1]).replaceAll(marks.escape, "");
        const ids = tokenizer.encode(piece);
        buffer.append(ids, 0, ids.length);
      }
      if (isInAnswer(bounds[i]!)) answers.push({ start: first, end: buffer.length });
    }
  }
  const isAnswer = new Uint8Array(buffer.length);
  for (const { start, end } of answers) isAnswer.fill(1, start, end);
  return { text: text.replaceAll(marks.escape, ""), ids: buffer.take(), isAnswer };
}
